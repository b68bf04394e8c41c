using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace SyncStorage.Running;

/// <summary>Who listens on a port of this machine, asked of the operating system: connecting to a closed port takes seconds on Windows.</summary>
internal static class LoopbackPort
{
    /// <returns>An address to ask on, or null when nobody listens.</returns>
    public static string? FindListener(int port)
    {
        string? found = null;
        try
        {
            foreach (IPEndPoint listener in IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners())
            {
                if (listener.Port != port)
                {
                    continue;
                }

                if (listener.AddressFamily == AddressFamily.InterNetwork && (IPAddress.IsLoopback(listener.Address) || listener.Address.Equals(IPAddress.Any)))
                {
                    return $"http://127.0.0.1:{port}";
                }

                found = $"http://localhost:{port}";
            }

            return found;
        }
        catch (NetworkInformationException)
        {
            // A sandbox that does not show its sockets: asking over HTTP finds out.
            return $"http://localhost:{port}";
        }
    }
}

using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace SyncStorage.Build.EndToEnd.Fixture;

public static class Ports
{
    /// <summary>A port that was free a moment ago: for tests that need several processes to want the same one.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static bool IsListening(int port)
        => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(listener => listener.Port == port);
}

using System;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using SyncStorage.Protocol;

namespace SyncStorage.Sessions;

/// <summary>
/// Tells a server that hangs from one that has much to do: the latter answers at once. Spoken by hand, because MSBuild asks, and no HTTP
/// library lies beside its tasks.
/// </summary>
internal static class Pulse
{
    private static readonly byte[] Question = Encoding.ASCII.GetBytes($"GET {Routes.Health} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

    /// <returns>False only when the server takes a connection and then stays silent.</returns>
    public static async Task<bool> IsThereAsync(string url, TimeSpan timeout)
    {
        using var client = new TcpClient();
        Task<bool> asking = AskAsync(client, new Uri(url));
        if (await Task.WhenAny(asking, Task.Delay(timeout)).ConfigureAwait(false) == asking)
        {
            return await asking.ConfigureAwait(false);
        }

        // Fails once the client is disposed; nobody is interested any more.
        _ = asking.ContinueWith(task => task.Exception, TaskScheduler.Default);
        return false;
    }

    private static async Task<bool> AskAsync(TcpClient client, Uri url)
    {
        try
        {
            await client.ConnectAsync(url.Host, url.Port).ConfigureAwait(false);
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync(Question, 0, Question.Length).ConfigureAwait(false);
            await stream.ReadAsync(new byte[1], 0, 1).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or System.IO.IOException or ObjectDisposedException)
        {
            // It has just ended.
        }

        return true;
    }
}

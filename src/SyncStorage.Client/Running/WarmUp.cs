using System.Net;
using System.Net.Sockets;
using System.Text;
using SyncStorage.Protocol;

namespace SyncStorage.Running;

/// <summary>
/// The first call of a process compiles the whole HTTP and JSON stack, which takes longer than the call. While the server
/// starts there is nothing else to do, so that call is made then, to a listener of our own that answers anything with one sentence.
/// </summary>
internal static class WarmUp
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly byte[] Answer = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 33\r\n\r\n{\"status\":\"ok\",\"is_master\":false}");

    /// <summary>Never fails: what it could not do, the first real call does.</summary>
    public static async Task RunAsync(RunnerLog log)
    {
        try
        {
            using var deadline = new CancellationTokenSource(Longest);
            var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            try
            {
                Task serving = ServeAsync(listener);
                using (var client = new SyncStorageClient($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"))
                {
                    await client.RegisterAsync(new RegisterRequest { Part = WorkerPart.Library }, deadline.Token).ConfigureAwait(false);
                    await client.SetWorkerStatusAsync(new WorkerStatusRequest { Part = WorkerPart.Library }, deadline.Token).ConfigureAwait(false);
                }

                await serving.ConfigureAwait(false);
            }
            finally
            {
                listener.Stop();
            }
        }
        catch (Exception e)
        {
            log.Debug($"The first call could not be prepared. {e.Message}");
        }
    }

    private static async Task ServeAsync(TcpListener listener)
    {
        using TcpClient peer = await listener.AcceptTcpClientAsync().ConfigureAwait(false);
        NetworkStream stream = peer.GetStream();
        byte[] request = new byte[4096];
        int received = 0;
        int read;
        while ((read = await stream.ReadAsync(request, received, request.Length - received).ConfigureAwait(false)) > 0)
        {
            // Header and body may come apart; the body is the only one of our requests that ends with a brace.
            received += read;
            if (request[received - 1] == '}')
            {
                await stream.WriteAsync(Answer, 0, Answer.Length).ConfigureAwait(false);
                received = 0;
            }
        }
    }
}

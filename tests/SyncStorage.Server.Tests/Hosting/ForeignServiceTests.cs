using System.Net;
using System.Net.Sockets;
using System.Text;
using SyncStorage.Server.Participation;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>What looks like a Sync Storage may be anything.</summary>
[TestClass]
[TestCategory("Promise: strange input")]
public sealed class ForeignServiceTests
{
    [TestMethod]
    public async Task An_answer_without_an_end_is_not_read_to_the_end()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<long> sending = SendForEverAsync(listener);
        using var service = new ForeignService($"http://{listener.LocalEndpoint}", null, TimeProvider.System);

        Assert.IsNull(await service.TryAsync((client, cancel) => client.HealthAsync(cancel)));

        Assert.IsTrue(service.IsBroken);
        Assert.IsLessThan(32 * 1024 * 1024, await sending, "bytes that were taken");
    }

    private static async Task<long> SendForEverAsync(TcpListener listener)
    {
        using TcpClient client = await listener.AcceptTcpClientAsync();
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"));
        byte[] piece = Encoding.ASCII.GetBytes(new string(' ', 64 * 1024));
        for (long sent = 0; ; sent += piece.Length)
        {
            try
            {
                await stream.WriteAsync(piece);
            }
            catch (IOException)
            {
                // It was hung up on.
                return sent;
            }
        }
    }
}

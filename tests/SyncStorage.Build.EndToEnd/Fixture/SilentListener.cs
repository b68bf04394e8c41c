using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A program that takes connections and does with them what no service should.</summary>
public sealed class SilentListener : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly CancellationTokenSource _stop = new();

    /// <param name="answer">Null: it never answers. Empty: it hangs up. Else it answers that to whatever it is asked.</param>
    public SilentListener(string? answer = null)
    {
        _listener.Start();
        _ = AcceptAsync(answer);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"http://127.0.0.1:{Port}";

    public static string Http(string type, string body)
        => $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        foreach (TcpClient client in _clients)
        {
            client.Dispose();
        }

        _stop.Dispose();
    }

    private async Task AcceptAsync(string? answer)
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _clients.Add(client);
                _ = AnswerAsync(client, answer);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(TcpClient client, string? answer)
    {
        if (answer is null)
        {
            return;
        }

        try
        {
            if (answer.Length > 0)
            {
                await client.GetStream().ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false, _stop.Token);
                await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(answer), _stop.Token);
            }

            client.Close();
        }
        catch (Exception e) when (e is OperationCanceledException or System.IO.IOException or ObjectDisposedException)
        {
            // The other side was faster.
        }
    }
}

using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Guests.Tests;

internal enum Behaviour
{
    Healthy,
    Hang,
    Garbage,
    CutConnection,
    Error500,
}

/// <summary>A server of the session on a free loopback port that can be told to misbehave. Announces itself as the real one does.</summary>
internal sealed class FakeServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<TcpClient> _clients = [];

    private FakeServer()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    public volatile Behaviour Behaviour;
    public volatile bool IsMaster = true;

    /// <summary>What /results asks for.</summary>
    public volatile string Secret = "s";

    public ConcurrentQueue<(string Route, string Body)> Requests { get; } = new();
    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public IEnumerable<string> Routes => Requests.Select(r => r.Route);

    public IReadOnlyList<ObservedResult> Results => Requests
        .Where(r => r.Route == Protocol.Routes.Results)
        .SelectMany(r => JsonSerializer.Deserialize(r.Body, WireJson.Default.ResultBatch)!.Results)
        .ToList();

    /// <summary>Starts one and writes the session's state file.</summary>
    public static FakeServer In(Session session, Behaviour behaviour = Behaviour.Healthy)
    {
        var server = new FakeServer { Behaviour = behaviour };
        server.Announce(session);
        return server;
    }

    /// <summary>Writes the session's state file, as a server does that accepts.</summary>
    public void Announce(Session session)
    {
        session.WriteStarted(Environment.ProcessId);
        Session.Write(session.ServerStatePath, JsonSerializer.SerializeToUtf8Bytes(new ServerState { ProcessId = Environment.ProcessId, Url = Url, Secret = Secret }, WireJson.Default.ServerState));
    }

    public T Last<T>(string route, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        => JsonSerializer.Deserialize(Requests.Last(r => r.Route == route).Body, type)!;

    public async Task WaitForAsync(string route, int count = 1)
    {
        var waited = Stopwatch.StartNew();
        while (Routes.Count(r => r == route) < count)
        {
            Assert.IsLessThan(10, waited.Elapsed.TotalSeconds, $"no {route} came");
            await Task.Delay(5);
        }
    }

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

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _clients.Add(client);
                _ = Task.Run(() => ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            await using NetworkStream stream = client.GetStream();
            while (await ReadAsync(stream) is (string route, string body, string secret))
            {
                switch (Behaviour)
                {
                    case Behaviour.Hang:
                        await Task.Delay(Timeout.Infinite, _stop.Token);
                        break;
                    case Behaviour.CutConnection:
                        client.Client.Close(0);
                        return;
                    case Behaviour.Garbage:
                        await stream.WriteAsync("\0\u0001SSH-2.0-not http at all\r\n\r\n"u8.ToArray());
                        return;
                    default:
                        await AnswerAsync(stream, route, body, secret);
                        break;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The client is gone, or we are.
        }
    }

    private async Task AnswerAsync(NetworkStream stream, string route, string body, string secret)
    {
        bool isForbidden = route == Protocol.Routes.Results && secret != Secret;
        bool fails = isForbidden || Behaviour == Behaviour.Error500;
        if (!fails)
        {
            Requests.Enqueue((route, body));
        }

        string json = fails ? "{\"status\":\"error\",\"message\":\"broken\"}" : route switch
        {
            Protocol.Routes.Register => $"{{\"status\":\"ok\",\"is_master\":{(IsMaster ? "true" : "false")}}}",
            Protocol.Routes.InProgressTestResult => "{\"status\":\"ok\",\"held\":true}",
            _ => "{\"status\":\"ok\"}",
        };
        byte[] payload = Encoding.UTF8.GetBytes(json);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {(isForbidden ? "403 Forbidden" : fails ? "500 Error" : "200 OK")}\r\nContent-Type: application/json\r\nContent-Length: {payload.Length}\r\n\r\n"));
        await stream.WriteAsync(payload);
    }

    private static async Task<(string Route, string Body, string Secret)?> ReadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n");
        string? Header(string name) => lines.FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
        var body = new byte[int.Parse(Header("Content-Length") ?? "0", provider: null)];
        await stream.ReadExactlyAsync(body);
        return (lines[0].Split(' ')[1].Split('?')[0], Encoding.UTF8.GetString(body), Header(Protocol.Routes.SecretHeader) ?? "");
    }
}

using System.Collections.Concurrent;
using SyncStorage.Protocol;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>The end-to-end tests send ten times as many, while a real run is on.</summary>
[TestClass]
[TestCategory("Promise: strange input")]
public sealed class StrangeRequestTests
{
    private const int Count = 2_000;
    private const int Connections = 8;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Two_thousand_strange_requests_get_their_answer_and_leave_the_server_in_good_health()
    {
        // A fixed seed: what fails once fails again.
        const int seed = 20260101;
        using var folder = new TemporaryFolder();
        Session session = Session.At(folder.File("session"));
        using SessionLease lease = session.TakeLease();
        using ServerProcess server = ServerProcess.Start("--session", session.Directory, "--directory", folder.File("out"), "--testRunId", "R", "--port", "0");
        ServerState state = (await session.WaitForServerAsync(TimeSpan.FromSeconds(30)))!;
        using var client = new SyncStorageClient(state.Url, state.Secret);
        await client.RegisterAsync(new RegisterRequest { Pid = "a", TestRunId = "R", Part = WorkerPart.Logger, ProcessId = Environment.ProcessId }, default);

        // With two runs, who names none means none: else he would end the only one.
        await client.RegisterAsync(new RegisterRequest { Pid = "a", TestRunId = "another", Part = WorkerPart.Logger, ProcessId = Environment.ProcessId }, default);

        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Connections });
        var refused = new ConcurrentDictionary<int, int>();
        long early = 0;
        for (int quarter = 0; quarter < 4; quarter++)
        {
            StrangeRequests requests = new(new Random(seed + quarter));
            StrangeRequest[] round = [.. Enumerable.Range(0, Count / 4).Select(_ => requests.Next())];
            await Parallel.ForEachAsync(round, new ParallelOptions { MaxDegreeOfParallelism = Connections }, async (request, cancellation) =>
            {
                int status = await SendAsync(http, state.Url, request, request.PathAndQuery.StartsWith("/shutdown", StringComparison.Ordinal) ? null : state.Secret, cancellation);
                Assert.IsTrue(status is 200 or (>= 400 and < 500), $"seed {seed} + {quarter}: {status} for {request}");
                refused.AddOrUpdate(status, 1, (_, count) => count + 1);
            });
            server.Process.Refresh();
            early = quarter == 0 ? server.Process.WorkingSet64 : early;
        }

        Assert.AreEqual("ok", (await client.HealthAsync(default)).Status);
        Assert.IsFalse(server.Process.HasExited);
        Assert.IsLessThan(early * 3 / 2, server.Process.WorkingSet64, "bytes of memory after 500 and 2000 requests");
        TestContext.WriteLine($"cases: {Count}");
        TestContext.WriteLine(string.Join(", ", refused.OrderBy(pair => pair.Key).Select(pair => $"{pair.Value} x {pair.Key}")));
        lease.Dispose();
        server.Signal("TERM");
        await server.WaitForExitAsync();
    }

    private static async Task<int> SendAsync(HttpClient http, string url, StrangeRequest strange, string? secret, CancellationToken cancellation)
    {
        using HttpRequestMessage request = strange.ToMessage(url);
        if (secret is not null)
        {
            request.Headers.Add(Routes.SecretHeader, secret);
        }

        using HttpResponseMessage response = await http.SendAsync(request, cancellation);
        return (int)response.StatusCode;
    }
}

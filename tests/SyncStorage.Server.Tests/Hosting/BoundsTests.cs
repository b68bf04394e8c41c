using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using SyncStorage.Protocol;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Runs;
using SyncStorage.Server.Tests.Runs;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>What a client may take of the server: sizes, counts and rates.</summary>
[TestClass]
[TestCategory("Promise: strange input")]
public sealed class BoundsTests
{
    [TestMethod]
    public void Requests_beyond_the_rate_are_refused_until_the_second_is_over()
    {
        var time = new FakeTimeProvider();
        var rate = new RequestRate(time, perSecond: 3);
        for (int second = 0; second < 3; second++)
        {
            rate.Count();
            rate.Count();
            rate.Count();
            Assert.AreEqual(429, Assert.ThrowsExactly<Refusal>(rate.Count).Status);
            time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [TestMethod]
    public async Task Who_asks_too_often_is_told_when_to_come_again()
    {
        await using RunningServer server = await RunningServer.StartAsync(perSecond: 0);
        using HttpResponseMessage response = await server.Client.GetAsync(new Uri(server.Url + "/health"));
        Assert.AreEqual((429, "1"), ((int)response.StatusCode, response.Headers.RetryAfter?.ToString()));
    }

    [TestMethod]
    [DataRow("GET /health?", 5_000, "", 0, 414, DisplayName = "request line")]
    [DataRow("GET /health?a", 1, "X-Long: ", 20_000, 431, DisplayName = "one long header")]
    [DataRow("GET /health?a", 1, "X: 1\r\n", 100, 431, DisplayName = "many headers")]
    public async Task Long_heads_are_refused(string line, int lineRepeats, string header, int headerRepeats, int expected)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string headers = header.EndsWith('\n') ? string.Concat(Enumerable.Repeat(header, headerRepeats)) : header.Length == 0 ? "" : header + new string('x', headerRepeats) + "\r\n";
        string answer = await SendRawAsync(server.Port, $"{line}{new string('q', lineRepeats)} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        StringAssert.StartsWith(answer, $"HTTP/1.1 {expected} ");
        Assert.AreEqual(200, (await server.GetAsync("/health")).Status);
    }

    [TestMethod]
    [DataRow("pid")]
    [DataRow("testRunId")]
    [DataRow("project")]
    [DataRow("targetFramework")]
    [DataRow("part")]
    [DataRow("baseUrl")]
    [DataRow("privateToken")]
    public async Task Every_text_of_a_registration_is_bounded(string member)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string others = string.Concat(new[] { "pid", "testRunId" }.Where(name => name != member).Select(name => $"\"{name}\":\"a\","));
        (int status, System.Text.Json.JsonElement answer) = await server.PostAsync("/register", $"{{{others}\"{member}\":\"{new string('x', 1025)}\"}}");
        Assert.AreEqual(400, status);
        StringAssert.Contains(answer.GetProperty("message").GetString(), member);
    }

    [TestMethod]
    public void A_run_takes_ten_thousand_workers_and_no_more()
    {
        using var fixture = new RunFixture(publishes: false);
        for (int i = 0; i < RunState.MostWorkers; i++)
        {
            fixture.Register("w" + i);
        }

        Assert.AreEqual(429, Assert.ThrowsExactly<Refusal>(() => fixture.Register("one more")).Status);
        Assert.IsTrue(fixture.Register("w0"), "who is known may ask again");
    }

    [TestMethod]
    public void A_worker_has_a_few_parts_and_no_more()
    {
        using var fixture = new RunFixture(publishes: false);
        fixture.Register("a");
        for (int i = 1; i < RunState.MostParts; i++)
        {
            fixture.Run.SetStatus("a", "part" + i, WorkerStatus.InProgress);
        }

        Assert.AreEqual(429, Assert.ThrowsExactly<Refusal>(() => fixture.Run.SetStatus("a", "one more", WorkerStatus.InProgress)).Status);
        Assert.AreEqual(429, Assert.ThrowsExactly<Refusal>(() => fixture.Run.Register(new RegisterRequest { Pid = "a", TestRunId = "R", Part = "one more" })).Status);
        fixture.Complete("a");
    }

    [TestMethod]
    public async Task A_server_opens_a_thousand_runs_and_no_more()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        for (int i = 0; i < 1000; i++)
        {
            server.Runs.Open("run" + i);
        }

        Assert.AreEqual(429, (await server.PostAsync("/register", """{"pid":"a","testRunId":"one more"}""")).Status);
        Assert.AreEqual(200, (await server.PostAsync("/register", """{"pid":"a","testRunId":"run7"}""")).Status);
    }

    private static async Task<string> SendRawAsync(int port, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        byte[] buffer = new byte[1024];
        return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer));
    }
}

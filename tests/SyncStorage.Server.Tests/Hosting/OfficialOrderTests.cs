using System.Text.Json;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>
/// The calls of official adapters in their order, to a real server process that an earlier job has left running, and to a Test IT that
/// closes a run as soon as nothing in it is in progress: what comes later is refused there and lost.
/// </summary>
[TestClass]
public sealed class OfficialOrderTests : IDisposable
{
    private const int Tests = 40;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public async Task Pytest_says_completed_before_it_uploads_and_JavaScript_forces_the_end_and_nothing_is_lost()
    {
        await using TestItServer earlier = await TestItServer.StartAsync();
        await using TestItServer first = await TestItServer.StartAsync(new TestItOptions { Token = "first-canary" });
        await using TestItServer second = await TestItServer.StartAsync(new TestItOptions { Token = "second-canary" });
        using ServerProcess server = ServerProcess.StartWith(
            new Dictionary<string, string> { ["TMS_PRIVATE_TOKEN"] = new TestItOptions().Token },
            "--port", "0", "--testRunId", Guid.NewGuid().ToString(), "--baseURL", earlier.Url, "--directory", _folder.Path);
        string url = await server.ReadUrlAsync();

        TestRun pythons = first.AddRun();
        TestRun scripts = second.AddRun();
        Task<List<string>> pytest = PytestAsync(url, first, pythons);
        Task<List<string>> javaScript = JavaScriptAsync(url, second, scripts);
        AssertComplete(first, pythons, await pytest);
        AssertComplete(second, scripts, await javaScript);
        Assert.IsEmpty(earlier.Requests);

        server.Signal("TERM");
        await server.WaitForExitAsync();
        string output = await server.Process.StandardOutput.ReadToEndAsync() + await server.Process.StandardError.ReadToEndAsync();
        StringAssert.Contains(output, $"Run {pythons.Id} completed");
        foreach (string written in Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories).Select(File.ReadAllText).Append(output))
        {
            Assert.IsFalse(written.Contains("canary", StringComparison.Ordinal), "the token of a client was written down");
        }
    }

    /// <summary>Three processes in bulk mode. The last step of the workflow waits without naming a run.</summary>
    private static async Task<List<string>> PytestAsync(string url, TestItServer testIt, TestRun run)
    {
        OfficialAdapter[] workers = [.. Enumerable.Range(0, 3).Select(i => new OfficialAdapter(url, testIt, "first-canary", run, $"python-{i}"))];
        List<string> expected = AddTests(testIt, "py-1", "py-10");
        for (int i = 0; i < workers.Length; i++)
        {
            Assert.AreEqual(i == 0, await workers[i].RegisterAsync());
            await workers[i].PingAsync();
            await workers[i].SetStatusAsync("in_progress");
        }

        await workers[0].HoldBackAsync("py-1", "Failed", "0");
        foreach (OfficialAdapter worker in workers)
        {
            await worker.SetStatusAsync("completed");
        }

        // Runs of a client that never pings show when the grace period has passed, and again when a wrong end would long be through.
        for (int i = 0; i < 2; i++)
        {
            var other = new TestRun { Id = Guid.NewGuid().ToString(), Name = "other", ProjectId = run.ProjectId };
            using var quiet = new OfficialAdapter(url, testIt, "first-canary", other, "quiet");
            await quiet.RegisterAsync();
            await quiet.SetStatusAsync("completed");
            Assert.IsNotNull(await quiet.GetAsync("/wait-completion?testRunId=" + other.Id, TimeSpan.FromSeconds(30)));
        }

        for (int i = 1; i < Tests; i++)
        {
            await workers[i % 3].UploadAsync(i % 2 == 0 ? "py-1" : "py-10", "Succeeded", $"{i}");
        }

        // The processes have ended.
        Assert.IsTrue((await workers[0].GetAsync("/wait-completion?testRunId=" + run.Id, TimeSpan.FromSeconds(14)))!.Value.GetProperty("completed").GetBoolean());
        Array.ForEach(workers, worker => worker.Dispose());
        return expected;
    }

    /// <summary>Three processes whose statuses flap; the master is through before the others.</summary>
    private static async Task<List<string>> JavaScriptAsync(string url, TestItServer testIt, TestRun run)
    {
        OfficialAdapter[] workers =
        [
            .. Enumerable.Range(0, 3).Select(i => new OfficialAdapter(url, testIt, "second-canary", run, $"js-{i}") { UserAgent = "OpenAPI-Generator/0.1.0/Javascript" }),
        ];
        List<string> expected = AddTests(testIt, "py-1", "py-10");
        foreach (OfficialAdapter worker in workers)
        {
            Assert.AreEqual(worker == workers[0], await worker.RegisterAsync());
            await worker.SetStatusAsync("in_progress");
        }

        await workers[0].HoldBackAsync("py-1", "Failed", "0");
        await workers[0].SetStatusAsync("completed");
        string testRunId = "?testRunId=" + run.Id;
        for (int attempt = 0; attempt < 3; attempt++)
        {
            Assert.IsNull(await workers[0].GetAsync("/wait-completion" + testRunId, TimeSpan.FromSeconds(2)));
        }

        JsonElement? forced = await workers[0].GetAsync("/force-completion" + testRunId, TimeSpan.FromSeconds(15));
        Assert.IsFalse(forced!.Value.GetProperty("completed").GetBoolean());
        for (int i = 1; i < Tests; i++)
        {
            OfficialAdapter worker = workers[1 + (i % 2)];
            await worker.SetStatusAsync("in_progress");
            await worker.UploadAsync(i % 2 == 0 ? "py-1" : "py-10", "Succeeded", $"{i}");
            await worker.SetStatusAsync("completed");
        }

        JsonElement? waited = await workers[1].GetAsync("/wait-completion" + testRunId, TimeSpan.FromSeconds(14));
        Assert.IsTrue(waited!.Value.GetProperty("completed").GetBoolean());
        Array.ForEach(workers, worker => worker.Dispose());
        return expected;
    }

    /// <returns>Every row that there must be at the end: id, parameter, status.</returns>
    private static List<string> AddTests(TestItServer testIt, string even, string odd)
    {
        testIt.AddAutoTest(even, even);
        testIt.AddAutoTest(odd, odd);
        return [.. Enumerable.Range(0, Tests).Select(i => $"{(i % 2 == 0 ? even : odd)} {i} {(i == 0 ? "Failed" : "Succeeded")}")];
    }

    private static void AssertComplete(TestItServer testIt, TestRun run, List<string> expected)
    {
        CollectionAssert.AreEquivalent(expected, run.Rows.Select(row => $"{row.ExternalId} {row.Parameters["n"]} {row.StatusType}").ToList());
        Assert.AreEqual("Completed", run.State);
        Assert.IsEmpty(testIt.Check(run));
    }
}

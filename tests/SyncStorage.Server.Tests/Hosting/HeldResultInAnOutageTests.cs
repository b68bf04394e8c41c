using System.Diagnostics;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using TestItStandIn;
using static SyncStorage.Server.Tests.TestIt.PublisherFixture;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>Test IT is away exactly when the run ends: the held-back result becomes final all the same, and until then somebody says so. Real processes.</summary>
[TestClass]
public sealed class HeldResultInAnOutageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Results => _folder.File("results");

    [TestMethod]
    public async Task Stand_alone_it_is_tried_again_after_everybody_was_answered()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        (TestRun run, ResultRow held) = AddHeld(testIt);
        using ServerProcess server = StandAlone(testIt, run);
        using var client = new SyncStorageClient(await server.ReadUrlAsync());
        testIt.Faults.ErrorRate = 1;
        await EndOfficialRunAsync(client, run.Id);

        string? told = await ReadUntilAsync(server, "SYNC0015");
        StringAssert.Contains(told, "js-1");
        StringAssert.Contains(told, "--resend");
        var waited = Stopwatch.StartNew();
        Assert.IsTrue((await client.WaitCompletionAsync(run.Id, default)).Completed);
        Assert.IsLessThan(14_000, waited.ElapsedMilliseconds);
        Report report = Invocation.ReadReport(Results, run.Id);
        Assert.AreEqual(("completed", false), (report.State, report.InProgress!.Finalized));
        AssertTold(report, "js-1");

        testIt.Faults.ErrorRate = 0;
        await UntilAsync(() => Invocation.ReadReport(Results, run.Id).InProgress!.Finalized, "the report says final");
        Assert.AreEqual("Succeeded", held.StatusType);
        AssertNothingTold(Invocation.ReadReport(Results, run.Id));
        await client.ShutdownAsync(default);
        Assert.AreEqual(0, await server.WaitForExitAsync());
        Assert.AreEqual(0, await ResendAsync(testIt, "--baseURL", testIt.Url));
        Assert.AreEqual(1, held.Updates);
        Assert.IsEmpty(testIt.Violations);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Of_a_stand_alone_server_that_is_gone_a_resend_makes_it_final_with_address_and_token_alone(bool clientNamesTheAddress)
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        (TestRun run, ResultRow held) = AddHeld(testIt);
        using (ServerProcess server = clientNamesTheAddress ? ServerProcess.Start("--port", "0", "--directory", Results) : StandAlone(testIt, run))
        using (var client = new SyncStorageClient(await server.ReadUrlAsync()))
        {
            testIt.Faults.ErrorRate = 1;
            await EndOfficialRunAsync(client, run.Id, clientNamesTheAddress ? testIt.Url + "/api/v2" : null);
            await client.WaitCompletionAsync(run.Id, default);
            server.Signal("KILL");
            await server.WaitForExitAsync();
        }

        testIt.Faults.ErrorRate = 0;
        if (clientNamesTheAddress)
        {
            testIt.ClearRequests();
            Assert.AreEqual(1, await ResendAsync(testIt), "a token of ours goes where we say");
            Assert.AreEqual(1, await ResendAsync(testIt, "--baseURL", "http://127.0.0.1:1"), "the run is elsewhere");
            Assert.IsEmpty(testIt.Requests);
        }

        Assert.AreEqual(0, await ResendAsync(testIt, "--baseURL", testIt.Url));
        Assert.AreEqual("Succeeded", held.StatusType);
        Assert.IsTrue(Invocation.ReadReport(Results, run.Id).InProgress!.Finalized);
        testIt.ClearRequests();
        Assert.AreEqual(0, await ResendAsync(testIt, "--baseURL", testIt.Url));
        Assert.IsEmpty(testIt.Requests, "nothing is left");
        Assert.IsEmpty(testIt.Violations);
    }

    [TestMethod]
    public async Task Of_a_stand_alone_server_the_next_run_that_publishes_there_makes_it_final()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        (TestRun run, ResultRow held) = AddHeld(testIt);
        using (ServerProcess server = StandAlone(testIt, run))
        using (var client = new SyncStorageClient(await server.ReadUrlAsync()))
        {
            testIt.Faults.ErrorRate = 1;
            await EndOfficialRunAsync(client, run.Id);
            await client.WaitCompletionAsync(run.Id, default);
            await client.ShutdownAsync(default);
            Assert.AreEqual(0, await server.WaitForExitAsync());
        }

        testIt.Faults.ErrorRate = 0;
        Invocation next = await NextAsync(testIt);
        Assert.AreEqual("Succeeded", held.StatusType);
        Assert.IsTrue(next.Report.Notices.Any(notice => notice.Message.Contains("js-1", StringComparison.Ordinal) && notice.Message.Contains("in Test IT now", StringComparison.Ordinal)), string.Join("\n", next.Report.Notices));
        Assert.IsTrue(Invocation.ReadReport(Results, run.Id).InProgress!.Finalized);
    }

    [TestMethod]
    [DataRow("PUT")]
    [DataRow("complete")]
    [DataRow("search")]
    public async Task Embedded_it_is_tried_again_within_the_completion_timeout(string away)
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        Invocation invocation = Publishing(testIt, completionTimeout: 60, mode: 2);
        Task ending = invocation.RunAsync(4, meanwhile: () => AwayAtTheEnd(testIt, away));
        await UntilAsync(() => testIt.Runs.Count == 1 && HasNotice(invocation, "SYNC0015"), "the report says what is left");
        testIt.Faults.ErrorRate = 0;
        await ending;

        TestRun run = testIt.Runs.Single();
        Assert.AreEqual("Completed", run.State);
        Assert.IsEmpty(testIt.Check(run));
        Assert.AreEqual((4L, true), (invocation.Report.Results.Sent, invocation.Report.InProgress!.Finalized));
        AssertNothingTold(invocation.Report);
    }

    [TestMethod]
    [DataRow("PUT", 1, true)]
    [DataRow("PUT", 2, false)]
    [DataRow("complete", 2, false)]
    [DataRow("PUT", 2, true)]
    public async Task What_the_completion_timeout_did_not_suffice_for_a_resend_does(string away, int mode, bool nextRun)
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = mode == 1 });
        Invocation left = Publishing(testIt, completionTimeout: 3, mode);
        if (mode == 1)
        {
            testIt.AddRun(left.RunId);
        }

        await left.RunAsync(4, meanwhile: () => AwayAtTheEnd(testIt, away));
        TestRun run = testIt.Runs.Single();
        Assert.AreEqual("InProgress", run.State);
        Assert.AreEqual(away == "complete", left.Report.InProgress!.Finalized);
        string told = left.Report.Notices.First(notice => notice.Code == "SYNC0015").Message;
        StringAssert.Contains(told, away == "complete" ? run.Id : left.Report.InProgress.AutoTestExternalId!);
        StringAssert.Contains(told, "--resend");

        testIt.Faults.ErrorRate = 0;
        if (nextRun)
        {
            await NextAsync(testIt);
        }
        else
        {
            Assert.AreEqual(0, await ResendAsync(testIt, "--baseURL", testIt.Url));
        }

        Assert.AreEqual("Completed", run.State);
        Assert.HasCount(4, run.Rows);
        Assert.IsEmpty(testIt.Check(run));
        Assert.AreEqual((4L, 0L, true), (left.Report.Results.Sent, left.Report.Results.Spooled, left.Report.InProgress!.Finalized));
        AssertNothingTold(left.Report);
        testIt.ClearRequests();
        Assert.AreEqual(0, await ResendAsync(testIt, "--baseURL", testIt.Url));
        Assert.IsEmpty(testIt.Requests, "nothing is left");
    }

    [TestMethod]
    public async Task A_run_that_Test_IT_does_not_know_any_more_is_asked_for_once()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        Invocation left = Publishing(testIt, completionTimeout: 2, mode: 1);
        testIt.Faults.Down = true;
        await left.RunAsync(3);
        testIt.Faults.Down = false;
        testIt.ClearRequests();

        var said = new List<int>();
        for (int i = 0; i < 3; i++)
        {
            Invocation next = await NextAsync(testIt);
            said.Add(next.Report.Notices.Count(notice => notice.Message.Contains("SYNC0012", StringComparison.Ordinal) && notice.Message.Contains(left.RunId, StringComparison.Ordinal)));
        }

        CollectionAssert.AreEqual(new[] { 1, 0, 0 }, said);
        Assert.AreEqual(1, testIt.Requests.Count(request => request.Path.EndsWith(left.RunId, StringComparison.Ordinal)));
        Assert.AreEqual(3L, left.Report.Results.Spooled);
        Assert.AreEqual(1, await ResendAsync(testIt, "--baseURL", testIt.Url), "a user's word asks again");
    }

    private static Task AwayAtTheEnd(TestItServer testIt, string away)
    {
        testIt.Faults.Applies = (method, path) => away switch
        {
            "PUT" => method == "PUT" && path.Contains("/testResults/", StringComparison.Ordinal),
            "complete" => path.EndsWith("/complete", StringComparison.Ordinal),
            _ => path.EndsWith("testResults/search", StringComparison.Ordinal) && testIt.Requests.Any(request => request.Method == "PUT" && request.Path.Contains("/testResults/", StringComparison.Ordinal)),
        };
        testIt.Faults.ErrorRate = 1;
        return Task.CompletedTask;
    }

    private static bool HasNotice(Invocation invocation, string code)
    {
        try
        {
            return invocation.Report.Notices.Any(notice => notice.Code == code);
        }
        catch (System.IO.IOException)
        {
            // Not written yet.
            return false;
        }
    }

    private static void AssertTold(Report report, string externalId)
        => Assert.IsTrue(report.Notices.Any(notice => notice.Code == "SYNC0015" && notice.Message.Contains(externalId, StringComparison.Ordinal)), string.Join("\n", report.Notices));

    private static void AssertNothingTold(Report report)
        => Assert.IsFalse(report.Notices.Any(notice => notice.Code == "SYNC0015"), string.Join("\n", report.Notices));

    private static (TestRun Run, ResultRow Held) AddHeld(TestItServer testIt)
    {
        TestRun run = testIt.AddRun();
        return (run, testIt.AddPlannedRow(run, "js-1"));
    }

    private ServerProcess StandAlone(TestItServer testIt, TestRun run)
        => ServerProcess.StartWith(Invocation.Token, "--port", "0", "--testRunId", run.Id, "--baseURL", testIt.Url + "/api/v2/", "--directory", Results);

    private static async Task EndOfficialRunAsync(SyncStorageClient client, string runId, string? address = null)
    {
        await client.RegisterAsync(new RegisterRequest { Pid = "a", TestRunId = runId, BaseUrl = address, PrivateToken = address is null ? null : new TestItOptions().Token }, default);
        await client.SendInProgressAsync(runId, new TestResultCut { AutoTestExternalId = "js-1", StatusType = "Succeeded", StatusCode = "passed" }, default);
        await client.SetWorkerStatusAsync(new WorkerStatusRequest { Pid = "a", TestRunId = runId, Status = WorkerStatus.Completed }, default);
    }

    private static async Task<string?> ReadUntilAsync(ServerProcess server, string code)
    {
        using var patience = new System.Threading.CancellationTokenSource(TimeSpan.FromSeconds(30));
        string? line;
        do
        {
            line = await server.Process.StandardOutput.ReadLineAsync(patience.Token);
        }
        while (line?.Contains(code, StringComparison.Ordinal) == false);
        return line;
    }

    private Invocation Publishing(TestItServer testIt, int completionTimeout, int mode)
        => new(Results, new Uri(testIt.Url).Port, completionTimeout: completionTimeout) { AdapterMode = mode };

    private async Task<Invocation> NextAsync(TestItServer testIt)
    {
        Invocation next = Publishing(testIt, completionTimeout: 20, mode: 1);
        testIt.AddRun(next.RunId);
        await next.RunAsync(2);
        Assert.AreEqual(2L, next.Report.Results.Sent);
        return next;
    }

    private async Task<int> ResendAsync(TestItServer testIt, params string[] more)
    {
        Assert.IsNotNull(testIt);
        using ServerProcess resend = ServerProcess.StartWith(Invocation.Token, ["--resend", "--directory", Results, "--completionTimeout", "20", .. more]);
        return await resend.WaitForExitAsync();
    }
}

using SyncStorage.Results;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Results;
using SyncStorage.Settings;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>What an outage left spooled reaches Test IT once, whoever sends it, how often, and whatever happens to the sender. Real processes.</summary>
[TestClass]
public sealed class LeftResultsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly int _port = FreePort();

    public void Dispose() => _folder.Dispose();

    private string Results => _folder.File("results");

    [TestMethod]
    public async Task A_resend_sends_it_once()
    {
        Invocation left = await LeaveAsync(25);

        Assert.AreEqual(1, await ResendAsync(completionTimeout: 3), "Test IT is still away");
        await using TestItServer testIt = await TestItAsync();
        testIt.AddRun(left.RunId);
        Assert.AreEqual(0, await ResendAsync());
        Assert.AreEqual(0, await ResendAsync(), "nothing is left");

        AssertSent(left, 25);
        AssertWhole(testIt, left.RunId, 25);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public async Task The_next_run_sends_it(int mode)
    {
        Invocation left = await LeaveAsync(250, mode);

        await using TestItServer testIt = await TestItAsync();
        var next = new Invocation(Results, _port);
        testIt.AddRun(next.RunId);
        if (mode == 1)
        {
            testIt.AddRun(left.RunId);
        }

        await next.RunAsync(3);

        AssertSent(next, 3);
        AssertSent(left, 250);
        Report report = left.Report;
        StringAssert.StartsWith(report.TestRunUrl, testIt.Url);
        Assert.IsFalse(report.Notices.Any(notice => notice.Code == "SYNC0015"), string.Join("\n", report.Notices));
        Assert.AreEqual(1, next.Report.Notices.Count(notice => notice.Message.Contains("250 results that run", StringComparison.Ordinal)), string.Join("\n", next.Report.Notices));
        AssertWhole(testIt, next.RunId, 3);
        AssertWhole(testIt, report.TestRunId, 250);

        int asked = testIt.Requests.Count;
        await new Invocation(Results, _port, next.RunId, completionTimeout: 5).RunAsync(0);
        Assert.IsLessThan(asked + 8, testIt.Requests.Count, "nobody asks for what is sent");
    }

    [TestMethod]
    public async Task A_run_that_is_over_keeps_them_and_is_not_asked_again()
    {
        Invocation left = await LeaveAsync(5);
        await using TestItServer testIt = await TestItAsync();
        testIt.AddRun(left.RunId, "Completed");

        for (int i = 0; i < 2; i++)
        {
            var next = new Invocation(Results, _port);
            testIt.AddRun(next.RunId);
            await next.RunAsync(3);
            AssertSent(next, 3);
            Assert.AreEqual(i == 0 ? 1 : 0, next.Report.Notices.Count(notice => notice.Message.Contains("SYNC0013", StringComparison.Ordinal)), string.Join("\n", next.Report.Notices));
            Assert.IsFalse(next.Report.Notices.Any(notice => notice.Code is not null), "an old run's trouble is no warning of this one");
        }

        Assert.AreEqual((5L, 0L), (left.Report.Results.Spooled, left.Report.Results.Sent));
        Assert.AreEqual(1, testIt.Requests.Count(request => request.Path.EndsWith(left.RunId, StringComparison.Ordinal)));
        Assert.IsEmpty(testIt.Violations);
    }

    /// <summary>A restored artifact is enough to have a journal that names any address: whose token would go there?</summary>
    [TestMethod]
    public async Task Results_for_another_address_are_named_and_it_is_not_contacted()
    {
        Invocation left = await LeaveAsync(5);
        await using TestItServer journals = await TestItAsync();
        journals.AddRun(left.RunId);
        await using TestItServer current = await TestItServer.StartAsync();

        foreach (string? url in (string?[])[current.Url, null])
        {
            using ServerProcess resend = ServerProcess.StartWith(
                new Dictionary<string, string>(Invocation.Token) { ["TMS_URL"] = url ?? "" }, "--resend", "--directory", Results);
            string output = await resend.Process.StandardError.ReadToEndAsync();
            Assert.AreEqual(1, await resend.WaitForExitAsync());
            StringAssert.Contains(output, $"5 results of run {left.RunId} is left as it is: they are for http://127.0.0.1:{_port}");
        }

        Assert.AreEqual((5L, 0L), (left.Report.Results.Spooled, left.Report.Results.Sent));
        Assert.IsEmpty(journals.Requests);
        Assert.IsEmpty(current.Requests);
    }

    [TestMethod]
    public async Task A_directory_that_does_not_exist_is_an_error_that_says_so()
    {
        string nowhere = Path.Combine(Results, "nowhere");

        using ServerProcess resend = ServerProcess.StartWith(Invocation.Token, "--resend", "--directory", nowhere);

        string output = await resend.Process.StandardError.ReadToEndAsync();
        Assert.AreEqual(1, await resend.WaitForExitAsync());
        StringAssert.Contains(output, $"there is no directory '{nowhere}'");
    }

    /// <summary>A journal may name any file of this machine as the one that holds the token, and switch certificates off.</summary>
    [TestMethod]
    public void Token_and_certificates_are_those_of_the_current_settings()
    {
        var left = new RunSettings { Url = "https://testit/", CertValidation = false, ConfigFile = "/etc/passwd", ProjectId = "p" };
        var destination = new ResendDestination("https://testit", true, "/mine");
        Assert.IsNull(destination.WhyNot(left.Url));
        Assert.AreEqual(("https://testit", true, "/mine", "p"), (destination.Apply(left).Url, destination.Apply(left).CertValidation, destination.Apply(left).ConfigFile, destination.Apply(left).ProjectId));
        StringAssert.Contains(destination.WhyNot("https://testit.evil"), "https://testit.evil");
    }

    [TestMethod]
    public async Task Results_for_another_project_are_left_to_its_runs()
    {
        Invocation left = await LeaveAsync(5);
        string journal = Path.Combine(Results, left.RunId, "journal.jsonl");
        await File.WriteAllTextAsync(journal, (await File.ReadAllTextAsync(journal)).Replace(new TestItOptions().ProjectId, "99999999-9999-9999-9999-999999999999", StringComparison.Ordinal));
        await using TestItServer testIt = await TestItAsync();
        testIt.AddRun(left.RunId);
        var next = new Invocation(Results, _port);
        testIt.AddRun(next.RunId);

        await next.RunAsync(3);

        AssertSent(next, 3);
        Assert.AreEqual(5, left.Report.Results.Spooled);
        Assert.IsFalse(testIt.Requests.Any(request => request.Path.Contains(left.RunId, StringComparison.Ordinal)));
    }

    [TestMethod]
    public async Task Several_senders_at_once_send_it_once()
    {
        Invocation left = await LeaveAsync(250);
        await using TestItServer testIt = await TestItAsync(TimeSpan.FromMilliseconds(50));
        testIt.AddRun(left.RunId);
        Invocation[] next = [new Invocation(Results, _port), new Invocation(Results, _port)];
        foreach (Invocation one in next)
        {
            testIt.AddRun(one.RunId);
        }

        await Task.WhenAll(next[0].RunAsync(10), next[1].RunAsync(10), ResendAsync());
        Assert.AreEqual(0, await ResendAsync());

        AssertSent(left, 250);
        AssertWhole(testIt, left.RunId, 250);
        foreach (Invocation one in next)
        {
            AssertSent(one, 10);
            AssertWhole(testIt, one.RunId, 10);
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(101)]
    [DataRow(230)]
    public async Task A_resend_that_is_killed_is_finished_by_the_next(int rowsBeforeTheKill)
    {
        Invocation left = await LeaveAsync(250);
        await using TestItServer testIt = await TestItAsync(TimeSpan.FromMilliseconds(60));
        TestRun run = testIt.AddRun(left.RunId);
        using (ServerProcess killed = StartResend())
        {
            // In the answer's delay: Test IT has the rows, and nobody has heard of it.
            await Until(() => run.Rows.Count >= rowsBeforeTheKill);
            killed.Signal("KILL");
            await killed.WaitForExitAsync();
        }

        Assert.AreNotEqual("Completed", run.State);
        Assert.AreEqual(0, await ResendAsync());
        AssertSent(left, 250);
        AssertWhole(testIt, left.RunId, 250);
    }

    [TestMethod]
    public async Task The_same_run_goes_on_where_an_outage_broke_it_off()
    {
        await using TestItServer testIt = await TestItAsync();
        TestRun run = testIt.AddRun();
        var first = new Invocation(Results, _port, run.Id, completionTimeout: 3);
        await first.RunAsync(40, meanwhile: async () =>
        {
            await Until(() => run.Rows.Count > 10);
            testIt.Faults.Down = true;
        });
        Assert.IsGreaterThan(0, first.Report.Results.Spooled);
        Assert.AreEqual("InProgress", run.State);
        testIt.Faults.Down = false;

        await new Invocation(Results, _port, run.Id).RunAsync(10, first: 100);

        AssertSent(first, 50);
        AssertWhole(testIt, run.Id, 50);
    }

    /// <summary>An invocation while Test IT was away.</summary>
    private async Task<Invocation> LeaveAsync(int results, int mode = 1)
    {
        var left = new Invocation(Results, _port, completionTimeout: 2) { AdapterMode = mode };
        await left.RunAsync(results);
        Report report = left.Report;
        Assert.AreEqual(("completed", results, 0L, (long)results), (report.State, (int)report.Results.Observed, report.Results.Sent, report.Results.Spooled));
        return left;
    }

    private static void AssertSent(Invocation invocation, int count)
    {
        Report report = invocation.Report;
        Assert.AreEqual(
            ("completed", (long)count, (long)count, 0L, true),
            (report.State, report.Results.Observed, report.Results.Sent, report.Results.Spooled, report.InProgress?.Finalized ?? true),
            string.Join("\n", report.Notices));
    }

    private static void AssertWhole(TestItServer testIt, string runId, int count)
    {
        TestRun run = testIt.Runs.Single(one => one.Id == runId);
        Assert.HasCount(count, run.Rows);
        Assert.AreEqual("Completed", run.State);
        Assert.IsTrue(run.Rows.All(row => row.StatusType == "Succeeded"));
        Assert.IsEmpty(testIt.Check(run));
    }

    private Task<TestItServer> TestItAsync(TimeSpan latency = default) => TestItServer.StartAsync(new TestItOptions { Port = _port, Latency = latency });

    private ServerProcess StartResend(int completionTimeout = 25)
        => ServerProcess.StartWith(new Dictionary<string, string>(Invocation.Token) { ["TMS_URL"] = $"http://127.0.0.1:{_port}" }, "--resend", "--directory", Results, "--completionTimeout", completionTimeout.ToString(provider: null));

    private async Task<int> ResendAsync(int completionTimeout = 25)
    {
        using ServerProcess resend = StartResend(completionTimeout);
        return await resend.WaitForExitAsync();
    }

    private static async Task Until(Func<bool> condition)
    {
        for (int i = 0; i < 6000 && !condition(); i++)
        {
            await Task.Delay(5);
        }

        Assert.IsTrue(condition());
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}

using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>Against a Test IT that completes a run as soon as nothing in it is in progress, and refuses what comes later.</summary>
[TestClass]
public sealed class Publishing_to_Test_IT
{
    [TestMethod]
    public async Task Three_frameworks_in_parallel_into_a_given_run()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        TestRun run = testIt.AddRun();
        using var user = new UserFolder();
        user.Publishing(testIt, "1", run.Id).WithMSTest().WithNUnit().WithXunit().WithSolution();

        CommandResult result = await user.TestAsync("-m");

        Assert.AreEqual(0, result.ExitCode, result.Output);
        Report report = user.Report.AssertWhole();
        Assert.AreEqual(report.Results.Observed, report.Results.Sent, result.Output);
        Assert.AreEqual(run.Id, report.TestRunId);
        StringAssert.StartsWith(report.TestRunUrl, testIt.Url);
        Assert.IsEmpty(testIt.Check(run));
        Assert.AreEqual(report.Results.Observed, run.Rows.Count);
        StringAssert.Contains(result.Output, testIt.Url);
        user.Passed();
    }

    [TestMethod]
    public async Task A_created_run_is_one_for_all_and_closed_at_the_end()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        using var user = new UserFolder();
        user.Publishing(testIt, "2").WithMSTest().WithXunit().WithSolution();
        user.Environment["TMS_TEST_RUN_NAME"] = "nightly";

        CommandResult result = await user.TestAsync();

        Assert.AreEqual(0, result.ExitCode, result.Output);
        TestRun run = testIt.Runs.Single();
        Assert.AreEqual("nightly", run.Name);
        Assert.AreEqual("Completed", run.State);
        Assert.IsEmpty(testIt.Check(run));
        Assert.AreEqual(run.Id, user.Report.AssertWhole().TestRunId);
        Assert.AreEqual(7, user.Report.Results.Sent);
        user.Passed();
    }

    [TestMethod]
    public async Task Two_staggered_calls_share_a_run()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        TestRun run = testIt.AddRun();
        int port = Ports.Free();
        using var first = new UserFolder("first");
        using var second = new UserFolder("second");
        first.Publishing(testIt, "1", run.Id).WithMSTest("Alpha", body: """[TestMethod] public void ZSlow() => Thread.Sleep(3000);""");
        second.Publishing(testIt, "1", run.Id).WithXunit("Beta");

        Task<CommandResult> early = first.TestAsync("Alpha", $"-p:SyncStoragePort={port}");
        await Wait.UntilAsync(() => Processes.AnyServerOf(first.Path), TimeSpan.FromSeconds(60), () => "the first call started no server");
        CommandResult late = await second.TestAsync("Beta", $"-p:SyncStoragePort={port}");
        CommandResult result = await early;

        Assert.AreEqual(0, late.ExitCode, late.Output);
        Assert.AreEqual(0, result.ExitCode, result.Output);
        Assert.IsEmpty(testIt.Check(run));
        Assert.AreEqual(8, run.Rows.Count);
        Assert.AreEqual("Completed", run.State);
        first.Passed();
        second.Passed();
    }

    [TestMethod]
    public async Task A_refused_token_is_one_diagnostic_and_changes_no_exit_code()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        TestRun run = testIt.AddRun();
        using var user = new UserFolder();
        user.Publishing(testIt, "1", run.Id, token: "a-wrong-canary").WithMSTest();

        CommandResult result = await user.TestAsync("Unit");

        Assert.AreEqual(0, result.ExitCode, result.Output);
        StringAssert.Contains(result.Output, "SYNC0011");
        StringAssert.Contains(result.Output, "TMS_PRIVATE_TOKEN");
        StringAssert.Contains(result.Output, "The private token is unknown");
        Report report = user.Report;
        Assert.AreEqual("completed", report.State);
        Assert.AreEqual(3, report.Results.Spooled);
        Assert.HasCount(1, testIt.Requests);
        Assert.IsFalse(result.Output.Contains("a-wrong-canary", StringComparison.Ordinal));
        foreach (string file in Directory.GetFiles(report.Folder, "*", SearchOption.AllDirectories))
        {
            Assert.IsFalse((await File.ReadAllTextAsync(file)).Contains("a-wrong-canary", StringComparison.Ordinal), file);
        }

        user.Passed();
    }

    [TestMethod]
    public async Task What_could_not_be_sent_is_sent_by_a_resend_once()
    {
        using var user = new UserFolder();
        string runId;
        int port = Ports.Free();
        user.WithMSTest();
        await using (TestItServer away = await TestItServer.StartAsync(new TestItOptions { Port = port }))
        {
            runId = away.AddRun().Id;
            user.Publishing(away, "1", runId);
        }

        CommandResult outage = await user.TestAsync("Unit", "-p:SyncStorageCompletionTimeout=5");
        Assert.AreEqual(0, outage.ExitCode, outage.Output);
        Assert.AreEqual(3, user.Report.Results.Spooled, outage.Output);
        StringAssert.Contains(outage.Output, "SYNC0010");

        await using TestItServer back = await TestItServer.StartAsync(new TestItOptions { Port = port, AutoClose = false });
        TestRun run = back.AddRun(runId);
        CommandResult resend = await user.DotnetAsync("msbuild", "Unit", "-t:SyncStorageResend");
        Assert.AreEqual(0, resend.ExitCode, resend.Output);
        Assert.AreEqual(3, run.Rows.Count, resend.Output);
        Assert.AreEqual(3, user.Report.AssertWhole().Results.Sent);

        await user.DotnetAsync("msbuild", "Unit", "-t:SyncStorageResend");
        Assert.AreEqual(3, run.Rows.Count);
        Assert.IsEmpty(back.Check(run));
        user.Passed();
    }

    [TestMethod]
    public async Task What_could_not_be_sent_is_sent_by_the_next_run()
    {
        using var user = new UserFolder();
        int port = Ports.Free();
        user.WithMSTest();
        string leftId = Guid.NewGuid().ToString();
        user.Publishing(testIt: null, "1", leftId, url: $"http://127.0.0.1:{port}");
        CommandResult outage = await user.TestAsync("Unit", "-p:SyncStorageCompletionTimeout=3");
        Assert.AreEqual(0, outage.ExitCode, outage.Output);
        Assert.AreEqual(3, user.Report.Results.Spooled, outage.Output);

        await using TestItServer back = await TestItServer.StartAsync(new TestItOptions { Port = port });
        TestRun left = back.AddRun(leftId);
        TestRun next = back.AddRun();
        user.Environment["TMS_TEST_RUN_ID"] = next.Id;
        CommandResult result = await user.TestAsync("Unit", "--no-build", "-p:SyncStorageFailOnError=true");

        Assert.AreEqual(0, result.ExitCode, result.Output);
        StringAssert.Contains(result.Output, $"Sync Storage: 3 results that run {leftId} had left spooled were sent");
        foreach (TestRun run in new[] { left, next })
        {
            Assert.IsEmpty(back.Check(run));
            Assert.AreEqual(3, run.Rows.Count);
            Assert.AreEqual("Completed", run.State);
            Assert.AreEqual(3, user.Reports.Single(report => report.TestRunId == run.Id).AssertWhole().Results.Sent);
        }

        user.Passed();
    }

    [TestMethod]
    public async Task A_resend_that_is_killed_is_finished_by_another()
    {
        using var user = new UserFolder();
        int port = Ports.Free();
        string runId = Guid.NewGuid().ToString();
        user.Publishing(testIt: null, "1", runId, url: $"http://127.0.0.1:{port}").WithXunit("Many");
        user.Write("Many/Thousand.cs", "using Xunit; public class Thousand { " + string.Concat(Enumerable.Range(0, 996).Select(i => $"[Fact] public void T{i}() {{}} ")) + "}");
        await user.TestAsync("Many", "-p:SyncStorageCompletionTimeout=3");
        Assert.AreEqual(1000, user.Report.Results.Spooled);

        await using TestItServer back = await TestItServer.StartAsync(new TestItOptions { Port = port, Latency = TimeSpan.FromMilliseconds(50) });
        TestRun run = back.AddRun(runId);
        using (Command killed = user.Start("msbuild", "Many", "-t:SyncStorageResend"))
        {
            await Wait.UntilAsync(() => run.Rows.Count > 300, TimeSpan.FromSeconds(60), () => killed.Output);
            foreach (int server in Processes.ServersOf(user.Path))
            {
                System.Diagnostics.Process.GetProcessById(server).Kill();
            }

            Assert.AreNotEqual(0, (await killed.WaitAsync()).ExitCode);
        }

        Assert.AreNotEqual("Completed", run.State);
        CommandResult resend = await user.DotnetAsync("msbuild", "Many", "-t:SyncStorageResend");
        Assert.AreEqual(0, resend.ExitCode, resend.Output);
        Assert.AreEqual(1000, run.Rows.Count);
        Assert.AreEqual(1000, user.Report.AssertWhole().Results.Sent);
        Assert.IsEmpty(back.Check(run));
        user.Passed();
    }

    [TestMethod]
    public async Task A_thousand_results_take_at_most_fifty_requests()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { Latency = TimeSpan.FromMilliseconds(20) });
        TestRun run = testIt.AddRun();
        using var user = new UserFolder();
        user.Publishing(testIt, "1", run.Id).WithXunit("Many");
        user.Write("Many/Thousand.cs", "using Xunit; public class Thousand { " + string.Concat(Enumerable.Range(0, 996).Select(i => $"[Fact] public void T{i}() {{}} ")) + "}");

        CommandResult result = await user.TestAsync("Many");

        Assert.AreEqual(0, result.ExitCode, result.Output);
        Assert.AreEqual(1000, user.Report.AssertWhole().Results.Sent);
        Assert.IsEmpty(testIt.Check(run));
        Assert.IsLessThanOrEqualTo(50, testIt.Requests.Count);
        user.Passed();
    }

    [TestMethod]
    [DataRow("TMS_PROJECT_ID", "99999999-9999-9999-9999-999999999999", "SYNC0012", "Project with id 99999999-9999-9999-9999-999999999999 was not found")]
    [DataRow("TMS_CONFIGURATION_ID", "99999999-9999-9999-9999-999999999999", "SYNC0012", "Configuration with id 99999999-9999-9999-9999-999999999999 was not found")]
    [DataRow("TMS_TEST_RUN_ID", "99999999-9999-9999-9999-999999999999", "SYNC0012", "Can't find a TestRun with id = 99999999-9999-9999-9999-999999999999")]
    [DataRow("TMS_URL", "no address", "SYNC0002", "no address")]
    [DataRow("TMS_ADAPTER_MODE", "2", "SYNC0017", "testRunId")]
    public async Task A_wrong_setting_is_one_diagnostic_that_names_it(string variable, string value, string code, string message)
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        TestRun run = testIt.AddRun();
        using var user = new UserFolder();
        user.Publishing(testIt, "1", run.Id).WithMSTest();
        user.Environment[variable] = value;

        CommandResult result = await user.TestAsync("Unit");

        Assert.AreEqual(0, result.ExitCode, result.Output);
        string[] said = result.Output.Split('\n').Where(line => line.Contains(code, StringComparison.Ordinal)).Select(line => line.Trim()).Distinct().ToArray();
        Assert.IsNotEmpty(said, result.Output);
        // A contradiction is named by the setting that is one too many.
        StringAssert.Contains(said[0], code == "SYNC0017" ? "TMS_TEST_RUN_ID" : variable);
        StringAssert.Contains(said[0], message);
        Assert.AreEqual(3, user.Report.Results.Observed);
        Assert.AreEqual("completed", user.Report.State);
        user.Passed();
    }

    [TestMethod]
    public async Task A_run_that_is_completed_already_is_said_so()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        TestRun run = testIt.AddRun(state: "Completed");
        using var user = new UserFolder();
        user.Publishing(testIt, "1", run.Id).WithMSTest();

        CommandResult result = await user.TestAsync("Unit");

        Assert.AreEqual(0, result.ExitCode, result.Output);
        StringAssert.Contains(result.Output, "SYNC0013");
        StringAssert.Contains(result.Output, "TMS_TEST_RUN_ID");
        Assert.AreEqual(3, user.Report.Results.Observed);
        Assert.IsEmpty(run.Rows);
        user.Passed();
    }
}

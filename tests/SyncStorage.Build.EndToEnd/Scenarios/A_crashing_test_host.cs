using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>A test host that dies: VSTest reports nothing or little of what it had done; we report all of it, and who was running.</summary>
[TestClass]
public sealed class A_crashing_test_host
{
    private const string Running = "The test host ended while this test was running.";

    private static readonly string[] BeforeMid = ["A Passed", "B Failed", "B Passed", "C Skipped"];

    [TestMethod]
    [DataRow("failfast", "as told")]
    [DataRow("exit", "crashed")]
    [DataRow("overflow", "Stack overflow")]
    [TestCategory(Promise.SameExitCode)]
    [TestCategory(Promise.NothingLost)]
    public async Task Has_its_finished_tests_reported_and_the_running_one_named(string act, string reason)
    {
        CommandResult off = await (await CrashingProjects.PrepareAsync(act)).RunAsync("Mst", "-p:SyncStorageEnabled=false");
        CrashingRun crashing = await CrashingProjects.PrepareAsync(act);

        CommandResult run = await crashing.RunAsync("Mst");

        Assert.AreEqual(off.ExitCode, run.ExitCode, run.Output);
        Report report = crashing.Report.AssertWhole();
        CollectionAssert.AreEqual(BeforeMid.Append("Mid Failed").ToArray(), Names(report.Lines), run.Output);
        Assert.AreEqual(5, report.Results.Recovered);
        Assert.AreEqual(new Outcomes(2, 2, 1), report.Results.Outcomes);
        string message = report.Lines.Single(line => Name(line) == "Mid").Message!;
        StringAssert.StartsWith(message, Running);
        StringAssert.Contains(message, reason);
        Assert.IsTrue(report.Lines.Where(line => Name(line) != "Mid").All(line => line.Message!.Contains("only its outcome and times are known")));
    }

    /// <summary>Other collectors sit in the same host, in a process beside it or in the runtime itself.</summary>
    [TestMethod]
    [DataRow("--blame")]
    [DataRow("--blame-crash")]
    [DataRow("--collect", "XPlat Code Coverage")]
    [DataRow("--collect", "Code Coverage")]
    [DataRow("--collect", "XPlat Code Coverage", "--blame", "--", "RunConfiguration.MaxCpuCount=0")]
    [TestCategory(Promise.SameExitCode)]
    [TestCategory(Promise.NothingLost)]
    public async Task Has_them_reported_beside_other_tools_of_the_user(params string[] options)
    {
        CommandResult off = await (await CrashingProjects.PrepareAsync("failfast")).RunAsync(["Mst", "-p:SyncStorageEnabled=false", .. options]);
        CrashingRun crashing = await CrashingProjects.PrepareAsync("failfast");

        CommandResult run = await crashing.RunAsync(["Mst", .. options]);

        Assert.AreEqual(off.ExitCode, run.ExitCode, run.Output);
        CollectionAssert.AreEqual(BeforeMid.Append("Mid Failed").ToArray(), Names(crashing.Report.AssertWhole().Lines), run.Output);
        Assert.DoesNotContain("SYNC00", run.Output);
    }

    /// <summary>NUnit tells of its tests on a thread of its own, so the last words of a host may be missing; what it said is kept.</summary>
    [TestMethod]
    [TestCategory(Promise.NothingLost)]
    public async Task Of_NUnit_has_reported_what_NUnit_had_said()
    {
        CrashingRun crashing = await CrashingProjects.PrepareAsync("failfast");

        CommandResult run = await crashing.RunAsync("Nun");

        Report report = crashing.Report.AssertWhole();
        Assert.IsGreaterThan(0, report.Results.Observed, run.Output);
        Assert.AreEqual(report.Results.Observed, report.Results.Recovered, "VSTest hands nothing over");
        Assert.AreEqual(report.Lines.Count, report.Lines.Select(line => line.DisplayName).Distinct().Count(), "none twice");
        foreach (ResultLine line in report.Lines)
        {
            bool wasRunning = line.Message!.StartsWith(Running, StringComparison.Ordinal);
            Assert.IsTrue(wasRunning ? line.Outcome == "Failed" : BeforeMid.Contains($"{Name(line)} {line.Outcome}"), $"{line.DisplayName} {line.Outcome}");
        }
    }

    /// <summary>xUnit runs its tests in any order.</summary>
    [TestMethod]
    [DataRow("failfast")]
    [DataRow("exit")]
    [TestCategory(Promise.NothingLost)]
    public async Task Of_xUnit_too(string act)
    {
        CrashingRun crashing = await CrashingProjects.PrepareAsync(act);

        CommandResult run = await crashing.RunAsync("Xun");

        Report report = crashing.Report.AssertWhole();
        Assert.AreEqual(report.Results.Observed, report.Results.Recovered, "VSTest hands nothing over");
        StringAssert.StartsWith(report.Lines.Single(line => line.Message!.StartsWith(Running, StringComparison.Ordinal)).Message, Running, run.Output);
        Assert.AreEqual("Mid", Name(report.Lines.Single(line => line.Message!.StartsWith(Running, StringComparison.Ordinal))));
        Assert.AreEqual(report.Lines.Count, Names(report.Lines).Length);
    }

    [TestMethod]
    [DataRow("Mst", "timeout")]
    [DataRow("Xun", "timeout")]
    [DataRow("Mst", "hang")]
    [DataRow("Mst", "kill")]
    [TestCategory(Promise.NothingLost)]
    public async Task That_hangs_and_is_ended_has_no_result_twice(string project, string end)
    {
        CrashingRun hanging = await CrashingProjects.PrepareAsync("hang");
        string[] how = end switch
        {
            "timeout" => ["--", "RunConfiguration.TestSessionTimeout=8000"],
            "hang" => ["--blame-hang", "--blame-hang-timeout", "6s", "--blame-hang-dump-type", "none"],
            _ => [],
        };
        using Command test = hanging.Start([project, .. how]);
        int host = await hanging.UntilHangingAsync(test);
        if (end == "kill")
        {
            Processes.Kill(host);
        }

        CommandResult run = await test.WaitAsync();

        Assert.AreEqual(1, run.ExitCode, run.Output);
        Report report = hanging.Report.AssertWhole();
        ResultLine mid = report.Lines.Single(line => Name(line) == "Mid");
        Assert.AreEqual(("Failed", true), (mid.Outcome, mid.Recovered));
        StringAssert.StartsWith(mid.Message, Running);
        if (project == "Mst")
        {
            CollectionAssert.AreEqual(BeforeMid.Append("Mid Failed").ToArray(), Names(report.Lines), run.Output);
        }

        if (end != "kill")
        {
            Assert.AreEqual(1, report.Results.Recovered, "VSTest handed the others over");
        }
    }

    [TestMethod]
    [TestCategory(Promise.NothingLost)]
    public async Task Whose_server_is_killed_as_well_loses_and_doubles_nothing()
    {
        CrashingRun hanging = await CrashingProjects.PrepareAsync("hang");
        using Command test = hanging.Start("Mst");
        int host = await hanging.UntilHangingAsync(test);

        Processes.Kill(hanging.Server);
        Processes.Kill(host);
        CommandResult run = await test.WaitAsync();

        Report report = hanging.Report;
        Assert.AreEqual("completed", report.State, run.Output);
        CollectionAssert.AreEqual(BeforeMid.Append("Mid Failed").ToArray(), Names(report.Lines), run.Output);
        Assert.AreEqual(report.Lines.Count(line => line.Recovered), report.Results.Recovered);
    }

    [TestMethod]
    [TestCategory(Promise.NothingLost)]
    public async Task Has_its_rows_in_Test_IT_with_their_outcomes_and_the_run_is_completed()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        TestRun testRun = testIt.AddRun();
        CrashingRun crashing = await CrashingProjects.PrepareAsync("failfast");
        using var settings = new UserFolder();
        settings.Publishing(testIt, "1", testRun.Id).Passed();
        settings.Environment.ToList().ForEach(setting => crashing.Environment[setting.Key] = setting.Value);

        CommandResult run = await crashing.RunAsync("All.slnx");

        Report report = crashing.Report.AssertWhole();
        Assert.HasCount(3, report.Workers);
        Assert.IsEmpty(testIt.Check(testRun));
        Assert.AreEqual(report.Results.Observed, report.Results.Sent, run.Output);
        Assert.AreEqual(report.Results.Observed, testRun.Rows.Count, run.Output);
        Assert.AreEqual("Completed", testRun.State);
    }

    private static string Name(ResultLine line) => line.FullyQualifiedName.Split('(')[0].Split('.')[^1];

    private static string[] Names(IEnumerable<ResultLine> lines) => lines.Select(line => $"{Name(line)} {line.Outcome}").Order(StringComparer.Ordinal).ToArray();
}

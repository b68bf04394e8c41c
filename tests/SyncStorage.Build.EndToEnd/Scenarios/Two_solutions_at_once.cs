using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

[TestClass]
public sealed class Two_solutions_at_once
{
    [TestMethod]
    [TestCategory(Promise.NothingLost)]
    [TestCategory(Promise.OneOfEach)]
    public async Task With_the_same_run_id_have_one_master()
    {
        string run = Guid.NewGuid().ToString();
        using var first = new UserFolder("first");
        using var second = new UserFolder("second");
        int port = Ports.Free();
        foreach (UserFolder user in new[] { first, second })
        {
            user.Environment["TMS_TEST_RUN_ID"] = run;
            user.WithMSTest().WithXunit().WithSolution();
        }

        CommandResult[] results = await Task.WhenAll(first.TestAsync($"-p:SyncStoragePort={port}"), second.TestAsync($"-p:SyncStoragePort={port}"));

        Assert.IsTrue(results.All(r => r.ExitCode == 0), string.Join("\n", results.Select(r => r.Output)));
        // Both folders tell of the whole run: whoever called `dotnet test` finds its report where he called.
        Report[] reports = [first.Report.AssertWhole(), second.Report.AssertWhole()];
        Assert.HasCount(1, reports.SelectMany(r => r.Workers).Where(w => w.IsMaster).Select(w => w.Pid).Distinct().ToList());
        Assert.IsTrue(reports.All(r => r.Workers.Count == 4 && r.Results.Observed == 14));
        Assert.IsTrue(reports.All(r => r.TestRunId == run && r.State == "completed"));
        first.Passed();
        second.Passed();
    }

    /// <summary>
    /// The one who comes finds nobody on the port, and must not take the run over: its story is in the first one's journal. Its own
    /// guests start the killed server again only when they have something to say.
    /// </summary>
    [TestMethod]
    [TestCategory(Promise.NothingLost)]
    [TestCategory(Promise.OneOfEach)]
    public async Task Are_one_run_although_the_server_was_killed_just_before_the_second_began()
    {
        await using Stage stage = await Stage.SetAsync();
        using var second = new Trial();
        foreach (string name in stage.Trial.Environment.Keys.Where(name => name.StartsWith("TMS_", StringComparison.Ordinal)).Append("TMPDIR"))
        {
            second.Environment[name] = stage.Trial.Environment[name];
        }

        string port = $"-p:SyncStoragePort={Ports.Free()}";
        using Command first = await stage.Trial.StartAsync(Kind.Waiting, port);
        await stage.Trial.UntilWaitingAsync(first);
        await Wait.UntilAsync(() => stage.Run.HeldPosts > 0, TimeSpan.FromSeconds(20), () => first.Output);

        Processes.Kill(stage.Trial.Servers.Single());
        using Command other = await second.StartAsync(Kind.Beta, port);
        await Wait.UntilAsync(() => stage.Run.Rows.Count >= 5, TimeSpan.FromSeconds(60), () => other.Output);
        stage.Trial.Go();
        CommandResult[] results = await Task.WhenAll(first.WaitAsync(), other.WaitAsync());

        string output = string.Join("\n", results.Select(result => result.Output));
        Assert.IsTrue(results.All(result => result.ExitCode == 0), output);
        Report report = stage.AssertOneOfEach(10, output);
        Assert.HasCount(2, report.Workers);
        Assert.AreEqual(10, second.Report.AssertWhole().Results.Observed, output);
        await stage.Trial.AssertNothingLeftAsync();
        stage.Trial.Passed();
        second.Passed();
    }

    /// <summary>However far apart they begin: the later one takes part, or the run is over and it begins it again.</summary>
    [TestMethod]
    [DataRow(0)]
    [DataRow(500)]
    [DataRow(800)]
    [DataRow(1200)]
    [DataRow(-1, DisplayName = "when the first is over")]
    [TestCategory(Promise.NothingLost)]
    [TestCategory(Promise.NothingLeft)]
    public async Task With_the_same_run_id_both_print_the_last_line_and_find_their_report(int milliseconds)
    {
        string run = Guid.NewGuid().ToString();
        using var first = new Trial();
        using var second = new Trial();
        second.Environment["TMPDIR"] = first.Environment["TMPDIR"];

        using Command one = await first.StartAsync(Kind.Passing, $"-p:SyncStorageTestRunId={run}");
        await (milliseconds < 0 ? one.WaitAsync() : Task.Delay(milliseconds));
        using Command other = await second.StartAsync(Kind.Beta, $"-p:SyncStorageTestRunId={run}");
        CommandResult[] results = await Task.WhenAll(one.WaitAsync(), other.WaitAsync());

        foreach ((CommandResult result, Trial trial) in results.Zip([first, second]))
        {
            Assert.AreEqual(0, result.ExitCode, result.Output);
            Report report = trial.Report.AssertWhole();
            Assert.AreEqual((run, "completed"), (report.TestRunId, report.State), result.Output);
            Assert.AreEqual(5 * report.Workers.Count, report.Results.Observed, result.Output);
            StringAssert.Contains(result.Output, $"Sync Storage: run {run} completed, {report.Workers.Count} workers");
        }

        if (first.Report.Workers.Count == 2)
        {
            Assert.HasCount(2, second.Report.Workers, "One run, one story.");
        }

        await first.AssertNothingLeftAsync();
        first.Passed();
        second.Passed();
    }

    [TestMethod]
    public async Task With_different_run_ids_are_two_runs()
    {
        using var first = new UserFolder("first");
        using var second = new UserFolder("second");
        int port = Ports.Free();
        first.WithMSTest();
        second.WithXunit();

        CommandResult[] results = await Task.WhenAll(first.TestAsync("Unit", $"-p:SyncStoragePort={port}"), second.TestAsync("Xunit2", $"-p:SyncStoragePort={port}"));

        Assert.IsTrue(results.All(r => r.ExitCode == 0), string.Join("\n", results.Select(r => r.Output)));
        Assert.AreEqual("Unit", first.Report.AssertWhole().Workers.Single().Project);
        Assert.AreEqual("Xunit2", second.Report.AssertWhole().Workers.Single().Project);
        Assert.AreNotEqual(first.Report.TestRunId, second.Report.TestRunId);
        first.Passed();
        second.Passed();
    }
}

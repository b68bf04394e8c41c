using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>Processes of a run that are ended by others.</summary>
[TestClass]
public sealed class Any_death
{
    /// <summary>As at a terminal: the same exit code, although nobody gets to say goodbye.</summary>
    [TestMethod]
    [DataRow("INT", "")]
    [DataRow("KILL", "testhost.dll")]
    [DataRow("KILL", "vstest.console.dll")]
    [TestCategory(Promise.SameExitCode)]
    [TestCategory(Promise.NothingLost)]
    [TestCategory(Promise.NothingLeft)]
    [TestCategory(Promise.Secrets)]
    public async Task Leaves_the_same_exit_code_an_account_of_every_result_and_nothing_else(string signal, string process)
    {
        TimedResult off = await OffAsync(signal, process);
        await using Stage stage = await Stage.SetAsync();

        TimedResult on = await EndDuringAsync(stage.Trial, signal, process);

        Assert.AreEqual(off.ExitCode, on.ExitCode, off.Output + "\n----\n" + on.Output);
        await stage.Trial.AssertNothingLeftAsync(killed: true);
        stage.Trial.AssertAccounted(null, on.Output);
        stage.Trial.AssertSentOnce(stage.TestIt, stage.Run, reachable: true);
        stage.AssertSecret(on.Output);
        stage.Trial.Passed();
    }

    [TestMethod]
    [TestCategory(Promise.SameExitCode)]
    [TestCategory(Promise.NothingLost)]
    [TestCategory(Promise.NothingLeft)]
    public async Task Of_the_build_by_an_error_leaves_the_same_exit_code()
    {
        using var user = new UserFolder();
        using var trial = new Trial();
        user.WithMSTest(body: "this is no C#");
        // A compiler server would be one of this temporary folder, and outlive it.
        string[] arguments = ["test", "Unit", "-p:UseSharedCompilation=false"];

        CommandResult off = await Command.RunAsync(user.Path, [.. arguments, "-p:SyncStorageEnabled=false"], trial.Environment);
        CommandResult on = await Command.RunAsync(user.Path, arguments, trial.Environment);

        Assert.AreEqual(off.ExitCode, on.ExitCode, on.Output);
        Assert.AreEqual(1, on.ExitCode);
        await trial.AssertNothingLeftAsync();
        trial.AssertAccounted(0, on.Output);
        trial.Passed();
        user.Passed();
    }

    /// <summary>Nobody is left to tidy up: the next run is not disturbed by what lies about, and takes it away.</summary>
    [TestMethod]
    [TestCategory(Promise.NothingLost)]
    [TestCategory(Promise.NothingLeft)]
    public async Task Of_everything_at_once_does_not_disturb_the_next_run()
    {
        await using Stage stage = await Stage.SetAsync();
        Trial trial = stage.Trial;
        using (Command test = await trial.StartAsync(Kind.Waiting))
        {
            await trial.UntilWaitingAsync(test);
            Processes.WithEnvironment("TMPDIR=" + trial.Temporary).ToList().ForEach(Processes.Kill);
            await Wait.UntilAsync(() => trial.Servers.Count == 0, TimeSpan.FromSeconds(10), () => "the server was not killed");
        }

        Assert.IsNotEmpty(trial.Leftovers(), "a dead session");
        foreach (string folder in Directory.GetDirectories(Directory.GetDirectories(trial.Temporary, "SyncStorage-*").Single()))
        {
            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow.AddMinutes(-20));
        }

        trial.Go();
        trial.Environment["TMS_TEST_RUN_ID"] = stage.TestIt.AddRun().Id;
        TimedResult next = await trial.RunAsync(Kind.Passing);

        Assert.AreEqual(0, next.ExitCode, next.Output);
        await trial.AssertNothingLeftAsync();
        Assert.AreEqual(5, trial.Reports.Single(report => report.State == "completed").Results.Sent, next.Output);
        Report dead = trial.Reports.Single(report => report.State == "interrupted");
        Assert.AreEqual(dead.Lines.Count, dead.Results.Sent + dead.Results.Spooled + dead.Results.Rejected);
        trial.Passed();
    }

    private static async Task<TimedResult> OffAsync(string signal, string process)
    {
        using var trial = new Trial();
        TimedResult off = await EndDuringAsync(trial, signal, process, "-p:SyncStorageEnabled=false");
        trial.Passed();
        return off;
    }

    private static async Task<TimedResult> EndDuringAsync(Trial trial, string signal, string process, params string[] more)
    {
        using Command test = await trial.StartAsync(Kind.Waiting, more);
        await trial.UntilWaitingAsync(test);
        if (process.Length == 0)
        {
            await test.SignalAsync(signal);
        }
        else
        {
            IEnumerable<int> found = Processes.WithEnvironment("TMPDIR=" + trial.Temporary).Where(pid => Processes.CommandLine(pid).Split('\0').Any(argument => Path.GetFileName(argument) == process));
            Processes.Signal(found.First(), signal);
        }

        trial.Go();
        CommandResult result = await test.WaitAsync();
        return new TimedResult(result.ExitCode, result.Output, TimeSpan.Zero);
    }
}

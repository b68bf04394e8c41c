using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>Whatever happens to workers, clocks and the server: one master, one held-back result, one finalization, one end of the run.</summary>
[TestClass]
[TestCategory(Promise.OneOfEach)]
public sealed class One_of_each
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [TestMethod]
    public async Task Although_the_master_is_killed()
    {
        await using Stage stage = await Stage.SetAsync();
        using Command test = await StartAsync(stage);
        await UntilHeldAsync(stage);

        Processes.Kill(ConsoleOf(stage, stage.Trial.Report.Workers.Single(worker => worker.IsMaster)));

        await AssertEndsAsync(stage, test, exitCode: 1, ran: null);
    }

    [TestMethod]
    public async Task Although_the_master_is_killed_before_its_first_result()
    {
        await using Stage stage = await Stage.SetAsync();
        await BuiltProjects.FolderAsync();
        using Command test = await stage.Trial.StartAsync(Kind.AllWaiting);
        await Wait.UntilAsync(() => stage.Trial.Reports is [{ Workers: var workers }] && workers.Any(worker => worker.IsMaster), TimeSpan.FromSeconds(60), () => test.Output);

        Processes.Kill(ConsoleOf(stage, stage.Trial.Report.Workers.Single(worker => worker.IsMaster)));
        await stage.Trial.UntilWaitingAsync(test, 2);

        await AssertEndsAsync(stage, test, exitCode: 1, ran: null);
    }

    [TestMethod]
    public async Task Although_every_worker_is_killed()
    {
        await using Stage stage = await Stage.SetAsync();
        using Command test = await StartAsync(stage);
        await UntilHeldAsync(stage);

        foreach (Worker worker in stage.Trial.Report.Workers)
        {
            Processes.Kill(ConsoleOf(stage, worker));
        }

        await AssertEndsAsync(stage, test, exitCode: 1, ran: null);
    }

    /// <summary>Who looks at process ids alone would wait for the other process.</summary>
    [TestMethod]
    public async Task Although_another_process_gets_the_process_id_of_the_killed_master()
    {
        await using Stage stage = await Stage.SetAsync();
        using Command test = await StartAsync(stage);
        await UntilHeldAsync(stage);
        Worker master = stage.Trial.Report.Workers.Single(worker => worker.IsMaster);
        int killed = ConsoleOf(stage, master);

        // The server must not see that the id is free for a moment.
        int server = stage.Trial.Servers.Single();
        Processes.Signal(server, "STOP");
        // Its test host watches the id, and would take the impostor for its parent.
        IReadOnlyList<int> hosts = Processes.Matching("testhost", $"--parentprocessid\0{killed}\0");
        Assert.IsNotEmpty(hosts);
        hosts.ToList().ForEach(Processes.Kill);
        Processes.Kill(killed);
        using Impostor impostor = Impostor.WithId(killed);
        Processes.Signal(server, "CONT");

        await Wait.UntilAsync(() => stage.Trial.Report.Workers.Single(worker => worker.Pid == master.Pid).Status == "lost", Soon, () => test.Output);
        Assert.IsTrue(impostor.IsAlive);
        await AssertEndsAsync(stage, test, exitCode: 1, ran: null);
    }

    [TestMethod]
    [DataRow(3 * 24)]
    [DataRow(-3 * 24)]
    public async Task Although_the_clock_jumps(int hours)
    {
        await using Stage stage = await Stage.SetAsync();
        MovableClock clock = await MovableClock.InAsync(stage.Trial);
        using Command test = await StartAsync(stage);
        await UntilHeldAsync(stage);

        clock.JumpBy(TimeSpan.FromHours(hours));
        // Long enough for every watch of the server's to look at it.
        await Task.Delay(TimeSpan.FromSeconds(3));

        Report report = await AssertEndsAsync(stage, test, exitCode: 0, ran: 15);
        Assert.IsTrue(report.Workers.All(worker => worker.Status == "completed"));
        TimeSpan jump = (report.CompletedOn!.Value - report.StartedOn).Duration();
        Assert.IsTrue(hours < 0 || jump > TimeSpan.FromHours(hours), $"the server did not see the jump: {jump}");
    }

    /// <summary>One worker is the project's, the others are programs that speak the official protocol: they are answered, and are none of the run's.</summary>
    [TestMethod]
    public async Task Although_two_hundred_guests_come_at_once()
    {
        const int others = 200;
        await using Stage stage = await Stage.SetAsync();
        int port = Ports.Free();
        using Command test = await stage.Trial.StartAsync(Kind.Waiting, $"-p:SyncStoragePort={port}");
        await stage.Trial.UntilWaitingAsync(test);
        await UntilHeldAsync(stage);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = Soon };

        bool[] masters = await Task.WhenAll(Enumerable.Range(0, others).Select(number => TakePartAsync(http, stage.Run.Id, "other-" + number)));

        Assert.IsFalse(masters.Any(isMaster => isMaster), "the project's worker was there before");
        Report report = await AssertEndsAsync(stage, test, exitCode: 0, ran: 5);
        Assert.AreEqual(("Alpha", true), (report.Workers.Single().Project, report.Workers.Single().IsMaster));
    }

    [TestMethod]
    public async Task Although_the_server_is_killed_and_comes_back_from_its_journal()
    {
        await using Stage stage = await Stage.SetAsync();
        using Command test = await StartAsync(stage);
        await UntilHeldAsync(stage);
        string master = stage.Trial.Report.Workers.Single(worker => worker.IsMaster).Pid;

        Processes.Kill(stage.Trial.Servers.Single());

        Report report = await AssertEndsAsync(stage, test, exitCode: 0, ran: 15);
        Assert.AreEqual(master, report.Workers.Single(worker => worker.IsMaster).Pid);
        StringAssert.Contains(test.Output, "SYNC0008");
    }

    /// <summary>The run is over in Test IT, and nothing opens it there again: this is said, and nothing is sent.</summary>
    [TestMethod]
    public async Task Although_a_worker_comes_after_the_run_was_completed_in_Test_IT()
    {
        await using Stage stage = await Stage.SetAsync();
        stage.Trial.Go();
        TimedResult first = await stage.Trial.RunAsync(Kind.Passing);
        stage.AssertOneOfEach(5, first.Output);

        TimedResult late = await stage.Trial.RunAsync(Kind.ThreePassing);

        Assert.AreEqual(0, late.ExitCode, late.Output);
        StringAssert.Contains(late.Output, "SYNC0013", late.Output);
        StringAssert.Contains(late.Output, "is already completed and takes no results", late.Output);
        Assert.AreEqual("", string.Join('\n', stage.TestIt.Check(stage.Run)));
        Assert.HasCount(5, stage.Run.Rows);
        Assert.AreEqual(1, stage.Run.HeldPosts);
        Report report = stage.Trial.Report;
        Assert.AreEqual((20, 5, 15, 0), (report.Results.Observed, report.Results.Sent, report.Results.Spooled, report.Results.Rejected), late.Output);
        Assert.AreEqual(1, report.Workers.Count(worker => worker.IsMaster));
        await stage.Trial.AssertNothingLeftAsync();
        stage.Trial.Passed();
    }

    /// <summary>Without a Test IT the run is simply open again.</summary>
    [TestMethod]
    public async Task Although_a_worker_comes_after_the_run_was_completed()
    {
        using var trial = new Trial();
        trial.Environment["TMS_TEST_RUN_ID"] = Guid.NewGuid().ToString();
        trial.Go();
        TimedResult first = await trial.RunAsync(Kind.Passing);
        trial.Report.AssertWhole();

        TimedResult late = await trial.RunAsync(Kind.ThreePassing);

        Assert.AreEqual((0, 0), (first.ExitCode, late.ExitCode), late.Output);
        Report report = trial.Report.AssertWhole();
        Assert.HasCount(4, report.Workers);
        Assert.AreEqual(20, report.Results.Observed);
        await trial.AssertNothingLeftAsync();
        trial.Passed();
    }

    /// <summary>Three projects at once, each with results already and a test that waits.</summary>
    private static async Task<Command> StartAsync(Stage stage)
    {
        Command test = await stage.Trial.StartAsync(Kind.AllWaiting);
        await stage.Trial.UntilWaitingAsync(test, 3);
        await Wait.UntilAsync(() => stage.Trial.Report.Workers.Count == 3, Soon, () => test.Output);
        return test;
    }

    private static Task UntilHeldAsync(Stage stage)
        => Wait.UntilAsync(() => stage.Run.HeldPosts > 0 && stage.Trial.Report.Workers.Any(worker => worker.IsMaster), Soon, () => "nothing is held back");

    private static async Task<Report> AssertEndsAsync(Stage stage, Command test, int exitCode, int? ran)
    {
        stage.Trial.Go();
        CommandResult result = await test.WaitAsync();
        Assert.AreEqual(exitCode, result.ExitCode, result.Output);
        Report report = stage.AssertOneOfEach(ran, result.Output);
        await stage.Trial.AssertNothingLeftAsync();
        stage.Trial.Passed();
        return report;
    }

    /// <summary>The process that a project's tests run in, as far as we know it: the one that loads our logger.</summary>
    private static int ConsoleOf(Stage stage, Worker worker)
        => Processes.WithEnvironment("TMPDIR=" + stage.Trial.Temporary)
            .Single(pid => Processes.CommandLine(pid).Split('\0') is var arguments
                && arguments.Any(argument => Path.GetFileName(argument) == "vstest.console.dll")
                && arguments.Any(argument => Path.GetFileName(argument) == worker.Project + ".dll"));

    /// <summary>As an official adapter does, and offers a result although it was not told to.</summary>
    private static async Task<bool> TakePartAsync(HttpClient http, string run, string pid)
    {
        using HttpResponseMessage registered = await http.PostAsJsonAsync("/register", new { pid, testRunId = run });
        registered.EnsureSuccessStatusCode();
        bool isMaster = (await registered.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("is_master").GetBoolean();
        await StatusAsync("in_progress");
        using HttpResponseMessage offered = await http.PostAsJsonAsync(
            "/in_progress_test_result?testRunId=" + run,
            new { projectId = "", autoTestExternalId = pid, statusCode = "Passed", statusType = "Succeeded", startedOn = DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture) });
        await StatusAsync("completed");
        return isMaster;

        async Task StatusAsync(string status)
        {
            using HttpResponseMessage answer = await http.PostAsJsonAsync("/set_worker_status", new { pid, testRunId = run, status });
            answer.EnsureSuccessStatusCode();
        }
    }
}

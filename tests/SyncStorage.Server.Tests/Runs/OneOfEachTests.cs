using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Tests.Runs;

/// <summary>Whatever happens to workers, clocks and the server: one master, one held-back result, one finalization, one close of a run.</summary>
[TestClass]
[TestCategory("Promise: one master, one held result")]
public sealed class OneOfEachTests
{
    [TestMethod]
    public async Task Of_two_hundred_workers_at_once_one_is_master_and_one_result_is_held_back()
    {
        using var fixture = new RunFixture(publishes: true);
        int masters = 0, held = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 16 }, (i, _) =>
        {
            string pid = "w" + i;
            bool isMaster = fixture.Register(pid);
            Count(ref masters, isMaster);
            Count(ref held, fixture.Run.Offer(new TestResultCut { Pid = pid, AutoTestExternalId = pid, StatusType = "Succeeded", TestCaseId = "case-0" }));
            fixture.HandOver(pid, 0, 1);
            fixture.Complete(pid);
            return ValueTask.CompletedTask;
        });
        await fixture.FinishAsync();
        Assert.AreEqual((1, 1), (masters, held));
        AssertOneOfEach(fixture, results: 400);
    }

    [TestMethod]
    public async Task A_master_that_is_killed_before_its_first_result_is_followed_by_one_other()
    {
        using var fixture = new RunFixture(publishes: true);
        RegisterProcess(fixture, "a", 1);
        RegisterProcess(fixture, "b", 2);
        RegisterProcess(fixture, "c", 3);
        Kill(fixture, 1);
        fixture.HandOver("b", 0);
        fixture.HandOver("c", 0);
        fixture.Complete("b");
        fixture.Complete("c");
        await fixture.FinishAsync();
        Assert.AreEqual("b", fixture.ReadReport().Workers.Single(worker => worker.IsMaster).Pid);
        AssertOneOfEach(fixture, results: 2);
    }

    [TestMethod]
    public async Task A_master_that_is_killed_with_its_result_held_back_stays_the_one()
    {
        using var fixture = new RunFixture(publishes: true);
        RegisterProcess(fixture, "a", 1);
        RegisterProcess(fixture, "b", 2);
        fixture.HandOver("a", 0);
        Kill(fixture, 1);
        fixture.HandOver("b", 0);
        fixture.Complete("b");
        await fixture.FinishAsync();
        Assert.AreEqual("a", fixture.ReadReport().Workers.Single(worker => worker.IsMaster).Pid);
        AssertOneOfEach(fixture, results: 2);
    }

    [TestMethod]
    public async Task When_every_worker_is_killed_the_run_ends_once()
    {
        using var fixture = new RunFixture(publishes: true);
        for (int i = 1; i <= 5; i++)
        {
            RegisterProcess(fixture, "w" + i, i);
            fixture.HandOver("w" + i, 0);
        }

        Kill(fixture, 1, 2, 3, 4, 5);
        Assert.IsTrue(fixture.Run.IsOver(leases: false));
        await Task.WhenAll(fixture.FinishAsync(), fixture.FinishAsync());
        Assert.IsTrue(fixture.ReadReport().Workers.All(worker => worker.Status == WorkerStatus.Lost));
        AssertOneOfEach(fixture, results: 5);
    }

    [TestMethod]
    public async Task A_process_id_that_a_new_worker_has_got_does_not_bring_the_old_one_back()
    {
        using var fixture = new RunFixture(publishes: true);
        RegisterProcess(fixture, "old", 7);
        fixture.Processes.Alive[7] = "born again";
        Assert.IsFalse(fixture.Run.Register(Process("new", 7)), "the old master's loss is not noticed yet");
        // One look finds the death, the next one the loss (its mail has been read between them), the last one the heir.
        fixture.Run.Pass();
        fixture.Run.Pass();
        fixture.Run.Pass();
        Assert.AreEqual(
            (WorkerStatus.Lost, WorkerStatus.InProgress, true),
            (Worker(fixture, "old").Status, Worker(fixture, "new").Status, Worker(fixture, "new").IsMaster));
        fixture.HandOver("new", 0);
        fixture.Complete("new");
        await fixture.FinishAsync();
        AssertOneOfEach(fixture, results: 1);
    }

    [TestMethod]
    [DataRow(36500, DisplayName = "a century forward")]
    [DataRow(1, DisplayName = "a day forward")]
    [DataRow(-1, DisplayName = "a day back")]
    [DataRow(-3650, DisplayName = "ten years back")]
    public async Task A_clock_that_jumps_loses_nobody_and_ends_nothing(int days)
    {
        using var fixture = new RunFixture(publishes: true);
        var end = new EndOfInvocation(TimeSpan.FromSeconds(100));
        var clock = new Clock(fixture.Time);
        fixture.Run.Register(new RegisterRequest { Pid = "official", TestRunId = "R" });
        fixture.Run.KeepAlive("official");
        fixture.Register("own");
        fixture.HandOver("own", 0);
        end.Observe(leases: true, interrupted: false, clock.Now);

        fixture.Time.Jump(TimeSpan.FromDays(days));
        fixture.Run.Pass();
        Assert.AreEqual(WorkerStatus.InProgress, Worker(fixture, "official").Status);
        Assert.AreEqual((false, false, RunEnd.None), (fixture.Run.IsOver(leases: null), end.IsOverdue(clock.Now), end.Decide(fixture.Run, clock.Now)));

        fixture.Time.Advance(TimeSpan.FromSeconds(59));
        fixture.Run.Pass();
        Assert.AreEqual(WorkerStatus.InProgress, Worker(fixture, "official").Status);
        fixture.Time.Advance(TimeSpan.FromSeconds(1));
        fixture.Run.Pass();
        Assert.AreEqual(WorkerStatus.Lost, Worker(fixture, "official").Status, "a minute is a minute, whatever the clock shows");

        fixture.Complete("own");
        fixture.Time.Jump(TimeSpan.FromDays(-days));
        Assert.IsFalse(fixture.Run.IsOver(leases: null), "the grace period");
        fixture.Time.Advance(Liveness.Grace);
        Assert.IsTrue(fixture.Run.IsOver(leases: null));
        await fixture.FinishAsync();
        AssertOneOfEach(fixture, results: 1);
    }

    [TestMethod]
    public async Task A_server_that_is_killed_after_every_single_step_leads_to_the_same_end()
    {
        List<Action<RunFixture>> steps =
        [
            fixture => fixture.Register("a"),
            fixture => fixture.Register("b"),
            fixture => fixture.HandOver("b", 0),
            fixture => fixture.Run.Offer(new TestResultCut { Pid = "a", AutoTestExternalId = "x", StatusType = "Succeeded", TestCaseId = "case-0" }),
            fixture => fixture.HandOver("a", 0),
            fixture => fixture.HandOver("a", 1, 2),
            fixture => fixture.Complete("a"),
            fixture => fixture.HandOver("b", 1),
            fixture => fixture.Complete("b"),
            fixture => fixture.Run.Pass(),
        ];
        for (int killedAfter = -1; killedAfter < steps.Count; killedAfter++)
        {
            using var fixture = new RunFixture(publishes: true);
            for (int step = 0; step < steps.Count; step++)
            {
                steps[step](fixture);
                if (step == killedAfter)
                {
                    fixture.RestartServer();
                }
            }

            await fixture.FinishAsync();
            AssertOneOfEach(fixture, results: 5);
            Assert.AreEqual("a", fixture.ReadReport().Workers.Single(worker => worker.IsMaster).Pid, $"killed after step {killedAfter}");

            // The next server finds a run that is over, and ends nothing again.
            fixture.RestartServer();
            await fixture.FinishAsync();
            Assert.AreEqual((1, 0), (fixture.CountEvents(RunEvents.Completed), fixture.Publisher.Completions));
        }
    }

    [TestMethod]
    public async Task A_worker_that_comes_after_the_end_opens_the_run_again_and_each_end_is_one()
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Register("a");
        fixture.HandOver("a", 0);
        fixture.Complete("a");
        await fixture.FinishAsync();
        AssertOneOfEach(fixture, results: 1);
        Assert.IsTrue(fixture.Register("late"));
        Assert.AreEqual("running", fixture.Run.Describe().State);
        fixture.HandOver("late", 0);
        fixture.Complete("late");
        await fixture.FinishAsync();
        Assert.AreEqual((1, 2, 2, 2), (fixture.CountEvents(RunEvents.Reopened), fixture.CountEvents(RunEvents.Held), fixture.CountEvents(RunEvents.HeldFinalized), fixture.CountEvents(RunEvents.Completed)));
        Assert.AreEqual(("completed", 2L), (fixture.ReadReport().State, fixture.ReadReport().Results.Sent));
    }

    private static void AssertOneOfEach(RunFixture fixture, long results)
    {
        Report report = fixture.ReadReport();
        Assert.AreEqual(("completed", results, results), (report.State, report.Results.Observed, report.Results.Sent));
        Assert.AreEqual(1, report.Workers.Count(worker => worker.IsMaster), "masters");
        Assert.AreEqual((1, 1, 1), (fixture.CountEvents(RunEvents.Held), fixture.CountEvents(RunEvents.HeldFinalized), fixture.CountEvents(RunEvents.Completed)), "held, finalized, closed");
        Assert.IsTrue(report.InProgress!.Finalized);
        Assert.AreEqual(1, fixture.Publisher.Completions, "closes in Test IT");
    }

    private static void Count(ref int counter, bool isTrue) => System.Threading.Interlocked.Add(ref counter, isTrue ? 1 : 0);

    private static RegisterRequest Process(string pid, int processId)
        => new() { Pid = pid, TestRunId = "R", Part = WorkerPart.Logger, Project = "P", TargetFramework = "net10.0", ProcessId = processId };

    private static void RegisterProcess(RunFixture fixture, string pid, int processId)
    {
        fixture.Processes.Alive[processId] = "born";
        fixture.Run.Register(Process(pid, processId));
    }

    private static void Kill(RunFixture fixture, params int[] processIds)
    {
        foreach (int id in processIds)
        {
            fixture.Processes.Alive.Remove(id);
        }

        fixture.Run.Pass();
        fixture.Run.Pass();
    }

    private static ReportedWorker Worker(RunFixture fixture, string pid) => fixture.Run.Describe().Workers.Single(worker => worker.Pid == pid);
}

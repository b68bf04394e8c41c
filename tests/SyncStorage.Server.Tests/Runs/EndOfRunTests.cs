using SyncStorage.Protocol;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Tests.Runs;

[TestClass]
public sealed class EndOfRunTests
{
    private readonly ScriptedRun _run = new();

    [TestMethod]
    [DataRow(4.5, false)]
    [DataRow(5.0, true)]
    public void A_run_with_official_workers_is_over_when_all_have_stayed_completed_for_five_seconds(double seconds, bool over)
    {
        _run.RegisterOfficial("a");
        _run.RegisterOfficial("b");
        _run.Complete("a");
        _run.Wait(20);
        Assert.IsFalse(_run.IsOver(leases: null));
        _run.Complete("b");
        _run.Wait(seconds);
        Assert.AreEqual(over, _run.IsOver(leases: null));
    }

    [TestMethod]
    public void Statuses_that_flap_after_every_test_do_not_end_the_run()
    {
        _run.RegisterOfficial("a");
        for (int test = 0; test < 10; test++)
        {
            _run.Set("a", WorkerStatus.InProgress);
            _run.Complete("a");
            _run.Wait(4);
            Assert.IsFalse(_run.IsOver(leases: null));
        }
    }

    [TestMethod]
    public void A_keep_alive_restarts_the_grace_period()
    {
        _run.RegisterOfficial("a");
        _run.Await();
        _run.Complete("a");
        _run.Wait(4);
        _run.KeepAlive("a");
        _run.Wait(4);
        Assert.IsFalse(_run.IsOver(leases: null));
        _run.Wait(1);
        Assert.IsTrue(_run.IsOver(leases: null));
    }

    [TestMethod]
    public void A_worker_that_says_completed_and_goes_on_pinging_has_not_ended()
    {
        _run.RegisterOfficial("pytest");
        _run.Wait(30);
        _run.KeepAlive("pytest");
        _run.Complete("pytest");
        for (int ping = 0; ping < 10; ping++)
        {
            _run.Wait(30);
            Assert.IsFalse(_run.IsOver(leases: null), "it uploads");
            _run.KeepAlive("pytest");
        }

        _run.Wait(34.5);
        Assert.IsFalse(_run.IsOver(leases: null), "a ping may be late");
        _run.Wait(0.5);
        Assert.IsTrue(_run.IsOver(leases: null), "its pings have stopped");
    }

    [TestMethod]
    public void The_invocation_of_our_own_workers_waits_for_a_pinging_client_too()
    {
        _run.RegisterOwn("own", WorkerPart.Logger);
        _run.Complete("own", WorkerPart.Logger);
        _run.RegisterOfficial("pytest");
        _run.KeepAlive("pytest");
        _run.Complete("pytest");
        _run.Wait(34.5);
        Assert.IsFalse(_run.IsOver(leases: false));
        _run.Wait(0.5);
        Assert.IsTrue(_run.IsOver(leases: false));
    }

    [TestMethod]
    [DataRow(10, 5, DisplayName = "no ping is due")]
    [DataRow(25, 6, DisplayName = "a ping is due when the grace period has passed: it is looked whether it comes")]
    [DataRow(27, 5, DisplayName = "a ping was due and has not come")]
    public void Who_waits_for_the_completion_is_answered_when_the_grace_period_has_passed(double sincePing, double seconds)
    {
        _run.RegisterOfficial("pytest");
        _run.KeepAlive("pytest");
        _run.Wait(sincePing);
        _run.Complete("pytest");
        _run.Await();
        _run.Wait(seconds - 0.5);
        Assert.IsFalse(_run.IsOver(leases: null));
        _run.Wait(0.5);
        Assert.IsTrue(_run.IsOver(leases: null));
    }

    [TestMethod]
    public void A_ping_that_comes_while_somebody_waits_goes_before()
    {
        _run.RegisterOfficial("pytest");
        _run.KeepAlive("pytest");
        _run.Wait(25);
        _run.Complete("pytest");
        _run.Await();
        _run.Wait(5);
        _run.KeepAlive("pytest");
        _run.Wait(4.5);
        Assert.IsFalse(_run.IsOver(leases: null));
    }

    [TestMethod]
    public void A_server_that_is_started_again_still_knows_who_pings()
    {
        _run.RegisterOfficial("pytest");
        _run.KeepAlive("pytest");
        _run.Complete("pytest");
        _run.RestartServer();
        _run.Wait(34.5);
        Assert.IsFalse(_run.IsOver(leases: null));
        _run.Wait(0.5);
        Assert.IsTrue(_run.IsOver(leases: null));
    }

    [TestMethod]
    public void The_ping_of_a_client_whose_run_is_over_is_no_news_of_the_run()
    {
        _run.RegisterOfficial("pytest");
        _run.Complete("pytest");
        _run.End();
        _run.KeepAlive("pytest");
        Assert.AreEqual(RunEvents.Completed, _run.Journal[^1].Kind);
    }

    [TestMethod]
    public void Others_at_work_are_those_besides_an_official_master_that_may_still_do_something()
    {
        _run.RegisterOfficial("master");
        Assert.IsFalse(_run.HasOthersAtWork);
        _run.RegisterOfficial("other");
        Assert.IsTrue(_run.HasOthersAtWork);
        _run.Complete("other");
        _run.Wait(4.5);
        Assert.IsTrue(_run.HasOthersAtWork, "its status may flap");
        _run.Wait(0.5);
        Assert.IsFalse(_run.HasOthersAtWork);
        _run.Set("other", WorkerStatus.InProgress);
        _run.Wait(600);
        Assert.IsFalse(_run.HasOthersAtWork, "it is lost");
    }

    [TestMethod]
    public void Our_own_master_is_at_work_itself()
    {
        _run.RegisterOwn("own", WorkerPart.Logger);
        Assert.IsTrue(_run.HasOthersAtWork);
    }

    [TestMethod]
    public void Our_own_workers_need_no_grace_once_no_lease_is_left()
    {
        _run.RegisterOwn("a", WorkerPart.Logger);
        _run.Complete("a", WorkerPart.Logger);
        Assert.IsFalse(_run.IsOver(leases: true));
        Assert.IsTrue(_run.IsOver(leases: false));
    }

    [TestMethod]
    public void A_worker_is_completed_when_both_its_halves_are()
    {
        _run.RegisterOwn("a", WorkerPart.Collector);
        _run.RegisterOwn("a", WorkerPart.Logger);
        _run.Complete("a", WorkerPart.Collector);
        Assert.AreEqual(WorkerStatus.InProgress, _run.StatusOf("a"));
        _run.Complete("a", WorkerPart.Logger);
        Assert.AreEqual(WorkerStatus.Completed, _run.StatusOf("a"));
    }

    [TestMethod]
    [DataRow(1, WorkerStatus.Completed, DisplayName = "collector killed, logger completed")]
    [DataRow(2, WorkerStatus.Lost, DisplayName = "logger killed, collector completed")]
    public void The_logger_saw_the_results_so_its_fate_is_the_workers(int killed, string status)
    {
        _run.RegisterOwn("a", WorkerPart.Collector, processId: 1);
        _run.RegisterOwn("a", WorkerPart.Logger, processId: 2);
        _run.Complete("a", killed == 1 ? WorkerPart.Logger : WorkerPart.Collector);
        _run.Kill(killed);
        _run.Wait(0.5);
        Assert.AreEqual(status, _run.StatusOf("a"));
    }

    [TestMethod]
    [DataRow(false, 599, WorkerStatus.InProgress, DisplayName = "never pinged: minutes")]
    [DataRow(false, 600, WorkerStatus.Lost, DisplayName = "never pinged: lost after ten")]
    [DataRow(true, 59, WorkerStatus.InProgress, DisplayName = "pinged: a minute")]
    [DataRow(true, 60, WorkerStatus.Lost, DisplayName = "pinged: lost after one")]
    public void An_official_worker_is_lost_early_only_if_it_has_pinged(bool pings, double seconds, string status)
    {
        _run.RegisterOfficial("a");
        if (pings)
        {
            _run.KeepAlive("a");
        }

        _run.Wait(seconds);
        Assert.AreEqual(status, _run.StatusOf("a"));
    }

    [TestMethod]
    public void A_lost_worker_that_pings_again_takes_part_again()
    {
        _run.RegisterOfficial("a");
        _run.KeepAlive("a");
        _run.Wait(61);
        Assert.AreEqual(WorkerStatus.Lost, _run.StatusOf("a"));
        _run.KeepAlive("a");
        Assert.AreEqual(WorkerStatus.InProgress, _run.StatusOf("a"));
    }

    [TestMethod]
    public void Ghosts_of_a_client_that_registers_anew_at_every_retry_do_not_hold_the_run_for_ever()
    {
        _run.RegisterOfficial("ghost-1");
        _run.RegisterOfficial("ghost-2");
        _run.RegisterOfficial("real");
        _run.Complete("real");
        _run.Wait(599);
        Assert.IsFalse(_run.IsOver(leases: null));
        _run.Wait(7);
        Assert.IsTrue(_run.IsOver(leases: null));
    }

    [TestMethod]
    public void A_run_without_workers_ends_with_the_invocation_only()
    {
        Assert.IsFalse(_run.IsOver(leases: null));
        Assert.IsFalse(_run.IsOver(leases: true));
        Assert.IsTrue(_run.IsOver(leases: false));
    }

    [TestMethod]
    public void A_worker_that_comes_after_the_end_opens_the_run_again()
    {
        _run.RegisterOfficial("a");
        _run.Complete("a");
        _run.End();
        Assert.AreEqual(RunPhase.Completed, _run.State.Phase);
        _run.RegisterOfficial("b");
        Assert.AreEqual(RunPhase.Running, _run.State.Phase);
        Assert.HasCount(2, _run.State.Workers);
    }

    [TestMethod]
    public void Completed_said_twice_does_not_open_a_run_that_is_over()
    {
        _run.RegisterOfficial("a");
        _run.Complete("a");
        _run.End();
        _run.Complete("a");
        Assert.AreEqual(RunPhase.Completed, _run.State.Phase);
    }

    [TestMethod]
    public void A_server_that_reads_the_journal_of_a_killed_one_knows_the_same()
    {
        _run.RegisterOwn("a", WorkerPart.Collector, processId: 1);
        _run.RegisterOwn("a", WorkerPart.Logger, processId: 2);
        _run.RegisterOfficial("b");
        _run.Offer("x", "a", "case");
        _run.Complete("b");
        _run.Kill(1);
        _run.Wait(1);
        (string? master, HeldResult? held, string a, string b) = (_run.State.MasterPid, _run.State.Held, _run.StatusOf("a"), _run.StatusOf("b"));
        _run.RestartServer();
        Assert.AreEqual(master, _run.State.MasterPid);
        Assert.AreEqual(held, _run.State.Held);
        Assert.AreEqual(a, _run.StatusOf("a"));
        Assert.AreEqual(b, _run.StatusOf("b"));
    }

    [TestMethod]
    public void After_a_restart_of_the_server_deadlines_begin_anew()
    {
        _run.RegisterOfficial("a");
        _run.Complete("a");
        _run.Wait(4.5);
        _run.RestartServer();
        Assert.IsFalse(_run.IsOver(leases: null));
        _run.Wait(5);
        Assert.IsTrue(_run.IsOver(leases: null));
    }

    [TestMethod]
    public async Task A_cut_whose_result_somebody_else_wrote_is_given_to_the_publisher_before_it_completes_the_run()
    {
        using var run = new RunFixture(publishes: true);
        run.Register("a");
        run.Run.Offer(new TestResultCut { AutoTestExternalId = "theirs", StatusType = "Succeeded" });
        run.HandOver("a", 0, 1);
        run.Complete("a");

        await run.FinishAsync();

        Assert.AreEqual("theirs", run.Publisher.Finalized?.AutoTestExternalId);
        Assert.IsTrue(run.ReadReport().InProgress!.Finalized);
    }
}

using System.Threading.Tasks;
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
        _run.Complete("a");
        _run.Wait(4);
        _run.KeepAlive("a");
        _run.Wait(4);
        Assert.IsFalse(_run.IsOver(leases: null));
        _run.Wait(1);
        Assert.IsTrue(_run.IsOver(leases: null));
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

using SyncStorage.Protocol;

namespace SyncStorage.Server.Tests.Runs;

[TestClass]
public sealed class MasterElectionTests
{
    private readonly ScriptedRun _run = new();

    [TestMethod]
    public void The_first_worker_is_master_and_asking_again_changes_nothing()
    {
        Assert.IsTrue(_run.RegisterOfficial("a"));
        Assert.IsFalse(_run.RegisterOfficial("b"));
        Assert.IsTrue(_run.RegisterOfficial("a"));
        Assert.IsFalse(_run.RegisterOfficial("b"));
        Assert.HasCount(2, _run.State.Workers);
    }

    [TestMethod]
    public void Collector_and_logger_are_one_worker_whoever_comes_first()
    {
        Assert.IsTrue(_run.RegisterOwn("a", WorkerPart.Logger));
        Assert.IsTrue(_run.RegisterOwn("a", WorkerPart.Collector));
        Assert.HasCount(1, _run.State.Workers);
    }

    [TestMethod]
    public void A_master_that_ends_with_the_slot_open_hands_mastership_to_a_worker_that_is_alive()
    {
        _run.RegisterOwn("a", WorkerPart.Logger);
        _run.RegisterOwn("b", WorkerPart.Logger);
        _run.RegisterOwn("c", WorkerPart.Logger);
        _run.Complete("b", WorkerPart.Logger);
        _run.Complete("a", WorkerPart.Logger);
        _run.Wait(0.5);
        Assert.AreEqual("c", _run.State.MasterPid);
    }

    [TestMethod]
    public void A_master_whose_process_was_killed_is_replaced()
    {
        _run.RegisterOwn("a", WorkerPart.Logger, processId: 1);
        _run.RegisterOwn("b", WorkerPart.Logger, processId: 2);
        _run.Kill(1);
        _run.Wait(1);
        Assert.AreEqual(WorkerStatus.Lost, _run.StatusOf("a"));
        Assert.AreEqual("b", _run.State.MasterPid);
    }

    [TestMethod]
    public void A_master_that_holds_the_slot_stays_master_after_its_end()
    {
        _run.RegisterOfficial("a");
        _run.RegisterOfficial("b");
        Assert.IsTrue(_run.Offer("x"));
        _run.Complete("a");
        _run.Wait(30);
        Assert.AreEqual("a", _run.State.MasterPid);
    }

    [TestMethod]
    public void An_official_master_that_completes_after_every_test_is_not_replaced_between_two_of_them()
    {
        _run.RegisterOfficial("a");
        _run.RegisterOfficial("b");
        for (int test = 0; test < 5; test++)
        {
            _run.Complete("a");
            _run.Wait(2);
            _run.Set("a", WorkerStatus.InProgress);
        }

        Assert.IsFalse(_run.RegisterOfficial("c"));
        Assert.AreEqual("a", _run.State.MasterPid);
    }

    [TestMethod]
    public void An_official_worker_that_was_told_it_is_not_the_master_never_becomes_it()
    {
        _run.RegisterOfficial("a");
        Assert.IsFalse(_run.RegisterOfficial("b"));
        _run.Complete("a");
        _run.Wait(60);
        Assert.AreEqual("a", _run.State.MasterPid, "the seat is vacant");
        Assert.IsFalse(_run.RegisterOfficial("b"), "the same question, the same answer");
        Assert.IsTrue(_run.RegisterOfficial("c"), "the next one to register");
        Assert.IsFalse(_run.RegisterOfficial("d"));
    }

    [TestMethod]
    public void The_seat_of_an_official_master_goes_to_a_worker_of_ours_that_is_alive()
    {
        _run.RegisterOfficial("a");
        _run.RegisterOfficial("b");
        _run.RegisterOwn("own", WorkerPart.Logger);
        _run.Complete("a");
        _run.Wait(6);
        Assert.AreEqual("own", _run.State.MasterPid);
    }

    [TestMethod]
    public void A_master_that_said_completed_and_pings_on_keeps_its_seat()
    {
        _run.RegisterOfficial("pytest");
        _run.KeepAlive("pytest");
        _run.Complete("pytest");
        _run.Wait(30);
        Assert.IsFalse(_run.RegisterOfficial("b"));
        _run.Wait(5);
        Assert.IsTrue(_run.RegisterOfficial("c"));
    }

    [TestMethod]
    public void The_seat_of_a_lost_official_master_waits_for_the_next_one_to_register()
    {
        _run.RegisterOfficial("a");
        _run.RegisterOfficial("b");
        _run.Wait(601);
        Assert.AreEqual((WorkerStatus.Lost, "a"), (_run.StatusOf("a"), _run.State.MasterPid));
        Assert.IsTrue(_run.RegisterOfficial("c"));
    }

    [TestMethod]
    public void A_worker_that_comes_when_the_master_has_ended_becomes_master()
    {
        _run.RegisterOwn("a", WorkerPart.Logger);
        _run.Complete("a", WorkerPart.Logger);
        Assert.IsTrue(_run.RegisterOwn("b", WorkerPart.Logger));
    }

    [TestMethod]
    public void Two_hundred_workers_have_one_master()
    {
        int masters = 0;
        for (int i = 0; i < 200; i++)
        {
            masters += _run.RegisterOfficial("w" + i) ? 1 : 0;
        }

        Assert.AreEqual(1, masters);
    }
}

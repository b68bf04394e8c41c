using SyncStorage.Protocol;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Tests.Runs;

[TestClass]
public sealed class SlotTests
{
    private readonly ScriptedRun _run = new();

    [TestMethod]
    public void The_first_cut_of_a_run_wins_and_later_ones_change_nothing()
    {
        _run.RegisterOfficial("a");
        Assert.IsTrue(_run.Offer("js-1"));
        Assert.IsFalse(_run.Offer("js-10"));
        Assert.AreEqual("js-1", _run.State.Held!.Cut.AutoTestExternalId);
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow("")]
    public void A_cut_that_names_no_test_leaves_the_slot_to_one_that_does(string? externalId)
    {
        _run.RegisterOfficial("a");
        Assert.IsFalse(_run.Offer(externalId!));
        Assert.IsTrue(_run.Offer("js-1"));
    }

    [TestMethod]
    public void A_retry_of_the_same_cut_gets_the_same_answer()
    {
        _run.RegisterOwn("a", WorkerPart.Collector);
        Assert.IsTrue(_run.Offer("x", "a", "case"));
        Assert.IsTrue(_run.Offer("x", "a", "case"));
    }

    [TestMethod]
    public void Of_our_own_workers_only_the_master_may_offer()
    {
        _run.RegisterOwn("a", WorkerPart.Collector);
        _run.RegisterOwn("b", WorkerPart.Collector);
        Assert.IsFalse(_run.Offer("x", "b", "case"));
        Assert.IsNull(_run.State.Held);
    }

    [TestMethod]
    public void Others_wait_until_the_body_of_the_held_result_is_here()
    {
        _run.RegisterOwn("a", WorkerPart.Collector);
        Assert.IsTrue(_run.State.AwaitsHeldResult);
        _run.Offer("x", "a", "CASE");
        Assert.IsTrue(_run.State.AwaitsHeldResult);
        Assert.IsTrue(_run.State.Slot.Awaits("a", "case"));
        Assert.IsFalse(_run.State.Slot.Awaits("b", "case"));
    }

    [TestMethod]
    public void Nobody_waits_for_the_body_of_an_official_clients_result()
    {
        _run.RegisterOfficial("a");
        _run.Offer("x");
        Assert.IsFalse(_run.State.AwaitsHeldResult);
    }

    [TestMethod]
    public void A_held_result_that_never_comes_frees_the_slot_for_another_master()
    {
        _run.RegisterOwn("a", WorkerPart.Logger, processId: 1);
        _run.RegisterOwn("b", WorkerPart.Logger, processId: 2);
        _run.Offer("x", "a", "case");
        _run.Kill(1);
        _run.Wait(1.5);
        Assert.IsNull(_run.State.Held);
        Assert.AreEqual("b", _run.State.MasterPid);
        Assert.IsTrue(_run.Offer("y", "b", "case2"));
    }

    [TestMethod]
    public void A_reopened_run_has_a_free_slot_and_elects_anew()
    {
        _run.RegisterOfficial("a");
        _run.Offer("x");
        _run.Complete("a");
        _run.End();
        Assert.IsTrue(_run.RegisterOfficial("b"));
        Assert.IsTrue(_run.Offer("y"));
        Assert.AreEqual("y", _run.State.Held!.Cut.AutoTestExternalId);
    }

    [TestMethod]
    public void A_cut_without_its_final_status_is_not_forgotten_over_the_next_rounds()
    {
        _run.RegisterOfficial("a");
        _run.Offer("first");
        _run.Complete("a");
        _run.End();
        _run.RegisterOfficial("b");
        _run.Offer("second");
        CollectionAssert.AreEqual(new[] { "first" }, Owed());

        _run.RestartServer();
        CollectionAssert.AreEqual(new[] { "first" }, Owed());
        Finalize("second");
        Assert.IsTrue(_run.State.Held!.Finalized);
        CollectionAssert.AreEqual(new[] { "first" }, Owed());
        Finalize("first");
        Assert.IsEmpty(Owed());

        string?[] Owed() => [.. _run.State.Slot.Owed.Select(cut => cut.AutoTestExternalId)];

        void Finalize(string externalId) => _run.State.Apply(
            new RunEvent { Kind = RunEvents.HeldFinalized, Cut = new TestResultCut { AutoTestExternalId = externalId, StatusType = "Succeeded" } }, default);
    }

    /// <summary>As earlier versions wrote it.</summary>
    [TestMethod]
    public void A_finalization_that_names_no_cut_is_the_last_ones()
    {
        _run.RegisterOfficial("a");
        _run.Offer("x");
        _run.State.Apply(new RunEvent { Kind = RunEvents.HeldFinalized }, default);
        Assert.IsTrue(_run.State.Held!.Finalized);
    }
}

using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Tests.Runs;

[TestClass]
public sealed class RunTests
{
    [TestMethod]
    public async Task In_local_mode_everything_counts_as_sent_to_the_report()
    {
        using var fixture = new RunFixture(publishes: false);
        fixture.Register("a");
        fixture.Run.Accept("a", [RunFixture.Result(0), RunFixture.Result(1, "Failed"), RunFixture.Result(2, "None"), RunFixture.Result(3, "Skipped")]);
        fixture.Complete("a");
        await fixture.FinishAsync();

        Report report = fixture.ReadReport();
        Assert.AreEqual("completed", report.State);
        Assert.AreEqual((4L, 4L, 0L, 0L), (report.Results.Observed, report.Results.Sent, report.Results.Spooled, report.Results.Rejected));
        Assert.AreEqual((1L, 1L, 2L), (report.Results.Outcomes.Passed, report.Results.Outcomes.Failed, report.Results.Outcomes.Skipped));
        Assert.IsTrue(report.InProgress!.Finalized);
        Assert.IsTrue(fixture.ReadResults().All(line => line.GetProperty("delivery").GetString() == "sent" && line.GetProperty("worker").GetString() == "a"));
    }

    [TestMethod]
    public async Task A_result_that_is_handed_over_twice_counts_once()
    {
        using var fixture = new RunFixture(publishes: false);
        fixture.Register("a");
        fixture.Register("b");
        fixture.HandOver("a", 0, 1, 1);
        fixture.HandOver("a", 1, 2);
        fixture.HandOver("b", 0, 1);
        await fixture.FinishAsync();
        Assert.AreEqual(5, fixture.ReadReport().Results.Observed);
        Assert.HasCount(5, fixture.ReadResults());
    }

    [TestMethod]
    public void Nothing_is_published_before_the_masters_first_result_is_held_back()
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Register("master");
        fixture.Register("other");
        fixture.HandOver("other", 0, 1);
        Assert.IsEmpty(fixture.Publisher.Published);
        fixture.HandOver("master", 0, 1);
        CollectionAssert.AreEqual(new[] { (2L, true), (0L, false), (1L, false), (3L, false) }, fixture.Publisher.Published);
    }

    [TestMethod]
    public void What_the_collector_offered_is_held_when_its_body_arrives_not_what_came_first()
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Register("a");
        Assert.IsTrue(fixture.Run.Offer(new TestResultCut { Pid = "a", TestCaseId = "CASE-1", AutoTestExternalId = "x" }));
        fixture.HandOver("a", 0);
        Assert.IsEmpty(fixture.Publisher.Published);
        fixture.HandOver("a", 1, 2);
        CollectionAssert.AreEqual(new[] { (1L, true), (0L, false), (2L, false) }, fixture.Publisher.Published);
    }

    [TestMethod]
    public async Task When_the_master_observes_nothing_anybodys_first_result_is_held_at_the_end()
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Register("master");
        fixture.Register("other");
        fixture.HandOver("other", 0, 1);
        fixture.Complete("other");
        fixture.Complete("master");
        await fixture.FinishAsync();
        CollectionAssert.AreEqual(new[] { (0L, true), (1L, false) }, fixture.Publisher.Published);
        Assert.IsNotNull(fixture.Publisher.Finalized);
        Assert.AreEqual("other", fixture.ReadReport().Workers.Single(worker => worker.IsMaster).Pid);
    }

    [TestMethod]
    public void A_new_master_that_has_handed_over_results_already_holds_the_first_of_them()
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Register("a");
        fixture.Register("b");
        fixture.HandOver("b", 0, 1);
        fixture.Complete("a");
        fixture.Run.Pass();
        CollectionAssert.AreEqual(new[] { (0L, true), (1L, false) }, fixture.Publisher.Published);
    }

    [TestMethod]
    public async Task Observed_is_always_sent_and_spooled_and_rejected_together()
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Publisher.Fate = index => (Delivery)(index % 4);
        fixture.Register("a");
        fixture.HandOver("a", [.. Enumerable.Range(0, 40).Select(i => (long)i)]);
        Report during = fixture.Run.Describe();
        Assert.AreEqual(40, during.Results.Sent + during.Results.Spooled + during.Results.Rejected);
        fixture.Complete("a");
        await fixture.FinishAsync();
        Report report = fixture.ReadReport();
        Assert.AreEqual((40L, 10L, 20L, 10L), (report.Results.Observed, report.Results.Sent, report.Results.Spooled, report.Results.Rejected));
        foreach (IGrouping<string?, System.Text.Json.JsonElement> group in fixture.ReadResults().GroupBy(line => line.GetProperty("delivery").GetString()))
        {
            Assert.AreEqual(group.Key == "spooled" ? 20 : 10, group.Count(), group.Key);
        }
    }

    [TestMethod]
    public async Task A_publisher_that_breaks_at_the_end_does_not_keep_the_run_from_ending()
    {
        using var fixture = new RunFixture(publishes: true) { Publisher = { FailsAtEnd = true } };
        fixture.Register("a");
        fixture.HandOver("a", 0);
        fixture.Complete("a");
        await fixture.FinishAsync();
        Report report = fixture.ReadReport();
        Assert.AreEqual("completed", report.State);
        Assert.IsFalse(report.InProgress!.Finalized);
        Assert.AreEqual("SYNC0022", report.Notices.Single().Code);
    }

    [TestMethod]
    public async Task After_a_kill_of_the_server_every_result_is_accounted_for_and_unclear_ones_are_looked_up()
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Publisher.Fate = index => index == 0 ? Delivery.Sent : Delivery.Pending;
        fixture.Register("a");
        fixture.HandOver("a", 0, 1, 2);
        fixture.Run.Posting([1]);
        fixture.RestartServer();
        fixture.HandOver("a", 1, 2, 3);

        CollectionAssert.AreEqual(new[] { 0L }, fixture.Publisher.Restored);
        CollectionAssert.AreEqual(new[] { (1L, false), (2L, false), (3L, false) }, fixture.Publisher.Published);
        fixture.Complete("a");
        await fixture.FinishAsync();
        Assert.AreEqual((4L, 4L), (fixture.ReadReport().Results.Observed, fixture.ReadReport().Results.Sent));
        Assert.IsNotNull(fixture.Publisher.Finalized);
    }

    [TestMethod]
    public async Task Half_a_line_that_a_kill_left_behind_costs_nothing_else()
    {
        using var fixture = new RunFixture(publishes: false);
        fixture.Register("a");
        fixture.HandOver("a", 0);
        fixture.Run.Dispose();
        File.AppendAllText(fixture.Folder.ResultsPath, "{\"worker\":\"a\",\"sequ");
        File.AppendAllText(fixture.Folder.JournalPath, "{\"event\":\"comp");
        fixture.RestartServer();
        fixture.HandOver("a", 0, 1);
        fixture.Complete("a");
        await fixture.FinishAsync();
        Assert.AreEqual(2, fixture.ReadReport().Results.Observed);
        Assert.HasCount(2, fixture.ReadResults());
    }

    [TestMethod]
    public async Task Workers_that_come_after_the_end_reopen_the_run_and_results_accumulate()
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Register("a");
        fixture.HandOver("a", 0);
        fixture.Complete("a");
        await fixture.FinishAsync();
        fixture.RestartServer();
        Assert.IsTrue(fixture.Register("b"));
        fixture.HandOver("b", 0);
        fixture.Complete("b");
        await fixture.FinishAsync();
        Report report = fixture.ReadReport();
        Assert.AreEqual((2L, 2L, 2), (report.Results.Observed, report.Results.Sent, report.Workers.Count));
        CollectionAssert.AreEqual(new[] { (1L, true) }, fixture.Publisher.Published);
    }

    [TestMethod]
    public void A_closing_run_refuses_results_so_that_they_stay_in_the_mail()
    {
        using var fixture = new RunFixture(publishes: false);
        fixture.Register("a");
        fixture.Run.RefuseRequests();
        Assert.AreEqual(409, Assert.ThrowsExactly<Refusal>(() => fixture.HandOver("a", 0)).Status);
    }

    [TestMethod]
    public void A_process_id_that_is_used_again_is_not_taken_for_the_worker()
    {
        using var fixture = new RunFixture(publishes: false);
        fixture.Processes.Alive[7] = "monday";
        fixture.Run.Register(new RegisterRequest { Pid = "a", TestRunId = "R", Part = WorkerPart.Logger, ProcessId = 7 });
        fixture.Run.Pass();
        Assert.AreEqual(WorkerStatus.InProgress, fixture.Run.Describe().Workers[0].Status);
        fixture.Processes.Alive[7] = "tuesday";
        fixture.Run.Pass();
        Assert.AreEqual(WorkerStatus.InProgress, fixture.Run.Describe().Workers[0].Status, "Its last word may be in the mail, which is read between two passes.");
        fixture.Run.Pass();
        Assert.AreEqual(WorkerStatus.Lost, fixture.Run.Describe().Workers[0].Status);
    }

    [TestMethod]
    public void A_run_that_a_living_server_has_cannot_be_opened_twice()
    {
        using var fixture = new RunFixture(publishes: false);
        Assert.Throws<IOException>(() => new Journal(fixture.Folder.JournalPath));
    }
}

[TestClass]
public sealed class EndOfInvocationTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(100);

    [TestMethod]
    public void A_killed_invocation_gives_its_workers_eight_seconds()
    {
        using var fixture = new RunFixture(publishes: false);
        var clock = new Clock(fixture.Time);
        var end = new EndOfInvocation(Timeout);
        fixture.Register("a");
        end.Observe(leases: true, interrupted: false, clock.Now);
        Assert.AreEqual(RunEnd.None, end.Decide(fixture.Run, clock.Now));
        end.Observe(leases: true, interrupted: true, clock.Now);
        Assert.AreEqual(RunEnd.None, end.Decide(fixture.Run, clock.Now));
        fixture.Time.Advance(TimeSpan.FromSeconds(8));
        Assert.AreEqual(RunEnd.Interrupt, end.Decide(fixture.Run, clock.Now));
    }

    [TestMethod]
    public void A_killed_invocation_whose_workers_had_all_completed_is_completed()
    {
        using var fixture = new RunFixture(publishes: false);
        var clock = new Clock(fixture.Time);
        var end = new EndOfInvocation(Timeout);
        fixture.Register("a");
        fixture.Complete("a");
        end.Observe(leases: true, interrupted: true, clock.Now);
        Assert.AreEqual(RunEnd.Complete, end.Decide(fixture.Run, clock.Now));
    }

    [TestMethod]
    public void A_lease_that_is_taken_anew_calls_the_end_off()
    {
        using var fixture = new RunFixture(publishes: false);
        var clock = new Clock(fixture.Time);
        var end = new EndOfInvocation(Timeout);
        fixture.Register("a");
        end.Observe(leases: false, interrupted: false, clock.Now);
        Assert.IsTrue(end.HasBegun);
        end.Observe(leases: true, interrupted: false, clock.Now);
        Assert.IsFalse(end.HasBegun);
        fixture.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.AreEqual(RunEnd.None, end.Decide(fixture.Run, clock.Now));
    }

    [TestMethod]
    public void An_end_that_never_comes_is_overdue()
    {
        using var fixture = new RunFixture(publishes: false);
        var clock = new Clock(fixture.Time);
        var end = new EndOfInvocation(Timeout);
        end.Observe(leases: true, interrupted: true, clock.Now);
        fixture.Time.Advance(TimeSpan.FromSeconds(13));
        Assert.IsFalse(end.IsOverdue(clock.Now));
        fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.IsTrue(end.IsOverdue(clock.Now));
    }
}

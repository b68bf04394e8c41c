using System;
using System.Diagnostics;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using SyncStorage.Collector;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class SyncStorageCollectorTests
{
    private static readonly CollectorTimings Impatient = new() { CallDeadline = TimeSpan.FromMilliseconds(300), LastCallDeadline = TimeSpan.FromMilliseconds(300) };

    [TestMethod]
    public async Task The_masters_first_finished_test_is_offered_with_its_final_status()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        using FakeCollection host = FakeCollection.Attach(guest);
        TestCase test = FakeCollection.Test();
        test.Traits.Add("ExternalId", "login");

        host.Start(FakeCollection.Test("N.C.StillRunning"));
        host.Run(test, TestOutcome.Skipped);
        await server.WaitForAsync(Routes.InProgressTestResult);
        for (int i = 0; i < 100; i++)
        {
            host.Run(FakeCollection.Test($"N.C.Later{i}"));
        }

        host.End();

        CollectionAssert.AreEqual(new[] { Routes.Register, Routes.InProgressTestResult, Routes.SetWorkerStatus }, server.Routes.ToArray());
        TestResultCut cut = server.Last(Routes.InProgressTestResult, WireJson.Default.TestResultCut);
        Assert.AreEqual(("a-project", "login", "Incomplete", "Skipped", test.Id.ToString(), "1-2-3"), (cut.ProjectId, cut.AutoTestExternalId, cut.StatusType, cut.StatusCode, cut.TestCaseId, cut.Pid));
        Assert.IsLessThan(10, (DateTimeOffset.UtcNow - DateTimeOffset.Parse(cut.StartedOn!, null)).TotalSeconds);
        RegisterRequest registered = server.Last(Routes.Register, WireJson.Default.RegisterRequest);
        Assert.AreEqual(("1-2-3", "run 1", "collector", (int?)Environment.ProcessId), (registered.Pid, registered.TestRunId, registered.Part, registered.ProcessId));
        Assert.AreEqual(("completed", "collector"), (server.Last(Routes.SetWorkerStatus, WireJson.Default.WorkerStatusRequest).Status, server.Last(Routes.SetWorkerStatus, WireJson.Default.WorkerStatusRequest).Part));
        Assert.IsEmpty(host.Warnings);
    }

    [TestMethod]
    public void Collector_and_logger_name_the_same_autotest()
    {
        TestResult result = FakeTestRun.Result("N.C.Adds(1)");
        using var guest = new GuestFixture();

        string offered = ResultCutMapper.Map(result.TestCase, TestOutcome.Passed, DateTimeOffset.UtcNow, guest.Worker)!.AutoTestExternalId!;

        Assert.AreEqual(TestIdentity.Of(SyncStorage.TestLogger.ObservedResultMapper.Map(result, 0, DateTimeOffset.UtcNow), "Official").ExternalId, offered);
    }

    [TestMethod]
    public void Nothing_is_offered_of_a_test_whose_id_only_its_result_can_tell()
    {
        TestResult result = FakeTestRun.Result("N.C.Pays");
        result.TestCase.Traits.Add("ExternalId", "pay-{how}");
        using var guest = new GuestFixture();

        Assert.IsNull(ResultCutMapper.Map(result.TestCase, TestOutcome.Passed, DateTimeOffset.UtcNow, guest.Worker));
    }

    [TestMethod]
    [DataRow("Auto", true, true)]
    [DataRow("Auto", false, false)]
    [DataRow("Always", true, true)]
    [DataRow("Always", false, true)]
    [DataRow("Never", true, false)]
    [DataRow("Never", false, false)]
    public void Only_the_likely_master_gets_a_collector_unless_the_user_wants_otherwise(string testEvents, bool isFirst, bool needsCollector)
        => Assert.AreEqual(needsCollector, new WorkerDescription { TestEvents = testEvents }.NeedsCollector(() => isFirst));

    [TestMethod]
    [DataRow(true, true)]
    [DataRow(false, false)]
    [DataRow(null, true)]
    public void Single_tests_are_watched_unless_the_logger_knows_better(bool? said, bool watches)
    {
        using var guest = new GuestFixture();
        if (said is bool role)
        {
            WorkerRole.Write(guest.Session.Directory, guest.Worker.Pid, role);
        }

        using FakeCollection host = FakeCollection.Attach(guest);

        Assert.AreEqual(watches, host.WatchesTests);
    }

    [TestMethod]
    [DataRow("Auto", true, true, true)]
    [DataRow("Auto", true, false, false)]
    [DataRow("Auto", false, true, false)]
    [DataRow("Always", false, false, true)]
    [DataRow("Never", true, true, false)]
    public void Watching_is_for_those_whose_first_result_is_held_back_early(string testEvents, bool isMaster, bool holdsBackEarly, bool watches)
        => Assert.AreEqual(watches, new WorkerDescription { TestEvents = testEvents, HoldsBackEarly = holdsBackEarly }.WatchesTests(isMaster));

    [TestMethod]
    public void A_collector_that_shall_not_watch_does_not()
    {
        using var guest = new GuestFixture();

        using FakeCollection host = FakeCollection.Attach($"<Configuration><Session>{GuestConfiguration.Encode(guest.Session.Directory)}</Session><Worker>{guest.Worker.Pid}</Worker><Watch>False</Watch></Configuration>");

        Assert.IsFalse(host.WatchesTests);
    }

    [TestMethod]
    public void A_short_session_is_left_to_its_logger()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        using FakeCollection host = FakeCollection.Attach(guest, new CollectorTimings { OfferDelay = TimeSpan.FromMinutes(1) });
        host.Run(FakeCollection.Test());
        WorkerRole.Write(guest.Session.Directory, guest.Worker.Pid, watchesTests: true);

        host.End();

        Assert.IsEmpty(server.Routes);
        Assert.IsEmpty(host.Warnings);
    }

    [TestMethod]
    public void Without_a_logger_the_collector_speaks_for_a_short_session()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        using FakeCollection host = FakeCollection.Attach(guest, new CollectorTimings { OfferDelay = TimeSpan.FromMinutes(1), LastCallDeadline = TimeSpan.FromSeconds(20) });
        host.Run(FakeCollection.Test());

        host.End();

        CollectionAssert.AreEqual(new[] { Routes.Register, Routes.InProgressTestResult, Routes.SetWorkerStatus }, server.Routes.ToArray());
    }

    [TestMethod]
    public async Task A_watching_worker_that_becomes_master_offers_its_next_test()
    {
        using var guest = new GuestFixture("Always");
        using var server = FakeServer.In(guest.Session);
        server.IsMaster = false;
        using FakeCollection host = FakeCollection.Attach(guest, new CollectorTimings { KeepAlive = TimeSpan.FromMilliseconds(20) });
        host.Run(FakeCollection.Test("N.C.First"));
        server.IsMaster = true;
        await server.WaitForAsync(Routes.KeepAlive);

        host.Run(FakeCollection.Test("N.C.Second"));
        host.End();

        Assert.AreEqual(1, server.Routes.Count(r => r == Routes.InProgressTestResult));
    }

    [TestMethod]
    public async Task Events_may_be_missing_doubled_or_late()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        FakeCollection host = FakeCollection.Attach(guest);
        TestCase test = FakeCollection.Test();

        host.Finish(test);
        host.Finish(test);
        await server.WaitForAsync(Routes.InProgressTestResult);
        host.Start(test);
        host.End();
        host.End();
        host.Run(test);
        host.Dispose();
        host.Dispose();

        CollectionAssert.AreEqual(new[] { Routes.Register, Routes.InProgressTestResult, Routes.SetWorkerStatus }, server.Routes.ToArray());
        Assert.IsEmpty(host.Warnings);
    }

    [TestMethod]
    public async Task The_worker_is_kept_alive()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        using FakeCollection host = FakeCollection.Attach(guest, new CollectorTimings { KeepAlive = TimeSpan.FromMilliseconds(20) });

        host.Run(FakeCollection.Test());

        await server.WaitForAsync(Routes.KeepAlive, 3);
    }

    [TestMethod]
    [DataRow(nameof(Behaviour.Hang))]
    [DataRow(nameof(Behaviour.Garbage))]
    [DataRow(nameof(Behaviour.CutConnection))]
    [DataRow(nameof(Behaviour.Error500))]
    [DataRow("Dead")]
    [DataRow("Never started")]
    [DataRow("Over")]
    public void Whatever_the_server_does_the_tests_run_and_end_in_time(string trouble)
    {
        using var guest = new GuestFixture("Always");
        using FakeServer? server = Enum.TryParse(trouble, out Behaviour behaviour) ? FakeServer.In(guest.Session, behaviour) : null;
        if (trouble == "Dead")
        {
            guest.LeaveStateOfDeadServer();
        }
        else if (trouble == "Never started")
        {
            guest.Session.WriteStarted(Environment.ProcessId);
        }

        var whole = Stopwatch.StartNew();
        using FakeCollection host = FakeCollection.Attach(guest, Impatient);
        host.Run(FakeCollection.Test());
        host.End();

        Assert.IsLessThan(8, whole.Elapsed.TotalSeconds);
        StringAssert.StartsWith(guest.Session.ReadNotes().Single(), "SYNC0003:");
        Assert.IsEmpty(host.Warnings);
    }

    [TestMethod]
    public void A_server_that_hangs_later_costs_the_end_less_than_a_second()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        using FakeCollection host = FakeCollection.Attach(guest);
        server.Behaviour = Behaviour.Hang;
        host.Run(FakeCollection.Test());

        var ending = Stopwatch.StartNew();
        host.End();

        Assert.IsLessThan(5.0, ending.Elapsed.TotalSeconds);
        Assert.IsNotEmpty(guest.Session.ReadNotes());
        Assert.IsEmpty(host.Warnings);
    }

    [TestMethod]
    [DataRow("<Configuration><Session>/nowhere</Session><Worker>1</Worker></Configuration>")]
    [DataRow("<Configuration><Session>/nowhere</Session></Configuration>")]
    public void A_broken_attachment_is_left_to_the_logger_to_tell(string configuration)
    {
        using FakeCollection host = FakeCollection.Attach(configuration);

        host.Run(FakeCollection.Test());
        host.End();

        Assert.IsEmpty(host.Warnings);
    }
}

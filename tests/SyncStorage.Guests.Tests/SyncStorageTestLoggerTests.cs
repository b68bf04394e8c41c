using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Sessions;
using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class SyncStorageTestLoggerTests
{
    private static readonly OutboxLimits Quick = new() { BatchWait = TimeSpan.FromMilliseconds(20) };

    [TestMethod]
    public async Task Every_result_is_handed_over_once_and_the_worker_is_completed()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        FakeTestRun run = Attach(guest);

        run.Start();
        for (int i = 0; i < 450; i++)
        {
            run.Finish(FakeTestRun.Result($"N.C.T{i}"));
        }

        run.Complete();
        await server.WaitForAsync(Routes.SetWorkerStatus);

        CollectionAssert.AreEqual(Enumerable.Range(0, 450).Select(i => (long)i).ToArray(), server.Results.Select(r => r.Sequence).ToArray());
        Assert.AreEqual("N.C.T449", server.Results[^1].FullyQualifiedName);
        RegisterRequest registered = server.Last(Routes.Register, WireJson.Default.RegisterRequest);
        Assert.AreEqual(("1-2-3", "run 1", "Shop.Tests", "net10.0", "logger", (int?)Environment.ProcessId), (registered.Pid, registered.TestRunId, registered.Project, registered.TargetFramework, registered.Part, registered.ProcessId));
        Assert.IsNull(registered.PrivateToken);
        WorkerStatusRequest status = server.Last(Routes.SetWorkerStatus, WireJson.Default.WorkerStatusRequest);
        Assert.AreEqual(("completed", "logger"), (status.Status, status.Part));
        Assert.AreEqual("Sync Storage: run run 1, worker 1-2-3 (master): 450 results handed over", guest.Lines.Single());
        Assert.IsEmpty(guest.Spooled);
    }

    [TestMethod]
    public async Task A_worker_whose_tests_take_long_registers_before_its_first_result()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);

        FakeTestRun run = Attach(guest, Quick with { StartDelay = TimeSpan.FromMilliseconds(20) }, watch: false);
        run.Start();

        await server.WaitForAsync(Routes.Register);
        Assert.IsFalse(WorkerRole.Read(guest.Session.Directory, guest.Worker.Pid));
    }

    [TestMethod]
    public void A_first_result_is_not_kept_waiting_for_the_moment_in_which_its_logger_would_have_begun()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);

        FakeTestRun run = Attach(guest, Quick with { StartDelay = TimeSpan.FromHours(1) }, watch: false);
        run.Start();
        Assert.IsEmpty(server.Routes);
        run.Finish(FakeTestRun.Result());
        run.Complete();

        Assert.HasCount(1, server.Results);
    }

    [TestMethod]
    public async Task A_worker_whose_collector_waits_for_it_registers_at_once()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);

        Attach(guest, Quick with { StartDelay = TimeSpan.FromHours(1) }, watch: true);

        await server.WaitForAsync(Routes.Register);
    }

    [TestMethod]
    public void Events_may_be_missing_doubled_or_late()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        FakeTestRun run = Attach(guest);

        run.Message();
        run.Finish(FakeTestRun.Result("N.C.BeforeTheStart"));
        run.Start();
        run.Start();
        run.Finish(FakeTestRun.Result("N.C.BeforeTheStart"));
        run.Complete();
        run.Complete();
        run.Finish(FakeTestRun.Result("N.C.Late"));

        CollectionAssert.AreEqual(new long[] { 0, 1 }, server.Results.Select(r => r.Sequence).ToArray());
        CollectionAssert.AreEqual(new long[] { 2 }, guest.Spooled.Select(r => r.Sequence).ToArray());
        Assert.HasCount(1, guest.Lines);
    }

    [TestMethod]
    public void A_run_without_tests_is_completed_too()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        FakeTestRun run = Attach(guest);

        run.Start();
        run.Complete();

        CollectionAssert.AreEqual(new[] { Routes.Register, Routes.SetWorkerStatus }, server.Routes.Where(route => route != Routes.Results).ToArray());
    }

    [TestMethod]
    [DataRow(nameof(Behaviour.Hang))]
    [DataRow(nameof(Behaviour.Garbage))]
    [DataRow(nameof(Behaviour.CutConnection))]
    [DataRow(nameof(Behaviour.Error500))]
    [DataRow("Dead")]
    [DataRow("Never started")]
    [DataRow("Over")]
    public void Whatever_the_server_does_the_results_are_kept_and_the_tests_end_in_time(string trouble)
    {
        using var guest = new GuestFixture();
        using FakeServer? server = Enum.TryParse(trouble, out Behaviour behaviour) ? FakeServer.In(guest.Session, behaviour) : null;
        if (trouble == "Dead")
        {
            guest.LeaveStateOfDeadServer();
        }
        else if (trouble == "Never started")
        {
            guest.Session.WriteStarted(Environment.ProcessId);
        }

        FakeTestRun run = Attach(guest);
        run.Start();
        for (int i = 0; i < 500; i++)
        {
            run.Finish(FakeTestRun.Result($"N.C.T{i}"));
        }

        var ending = Stopwatch.StartNew();
        run.Complete();

        // Two seconds in earnest; the rest is for a busy machine. Without a deadline it would be thirty or forever.
        Assert.IsLessThan(5, ending.Elapsed.TotalSeconds);
        CollectionAssert.AreEqual(Enumerable.Range(0, 500).Select(i => (long)i).ToArray(), guest.Spooled.Select(r => r.Sequence).ToArray());
        StringAssert.Contains(guest.Lines.Last(), "0 results handed over, 500 spooled");
        Assert.IsTrue(guest.Lines.SkipLast(1).All(line => line.StartsWith("Sync Storage: SYNC0", StringComparison.Ordinal)), string.Join("\n", guest.Lines));
        Assert.IsLessThanOrEqualTo(4, guest.Lines.Count, string.Join("\n", guest.Lines));
    }

    [TestMethod]
    public async Task A_server_that_came_back_elsewhere_is_found()
    {
        using var guest = new GuestFixture();
        FakeServer first = FakeServer.In(guest.Session);
        FakeTestRun run = Attach(guest);
        run.Finish(FakeTestRun.Result("N.C.First"));
        await first.WaitForAsync(Routes.Results, 2);
        first.Dispose();
        using var second = FakeServer.In(guest.Session);

        run.Finish(FakeTestRun.Result("N.C.Second"));
        run.Complete();

        Assert.AreEqual("N.C.Second", second.Results.Single().FullyQualifiedName);
        Assert.IsEmpty(guest.Spooled);
    }

    [TestMethod]
    public async Task A_server_that_came_back_on_its_old_port_has_another_secret()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        FakeTestRun run = Attach(guest);
        run.Finish(FakeTestRun.Result("N.C.First"));
        await server.WaitForAsync(Routes.Results, 2);
        server.Secret = "another";
        server.Announce(guest.Session);

        run.Finish(FakeTestRun.Result("N.C.Second"));
        run.Complete();

        Assert.HasCount(2, server.Results);
        Assert.IsEmpty(guest.Spooled);
    }

    [TestMethod]
    public void A_slow_server_never_blocks_a_test()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session, Behaviour.Hang);
        FakeTestRun run = Attach(guest);
        run.Finish(FakeTestRun.Result());

        var adding = Stopwatch.StartNew();
        for (int i = 0; i < 5000; i++)
        {
            run.Finish(FakeTestRun.Result());
        }

        Assert.IsLessThan(3, adding.Elapsed.TotalSeconds);
        run.Complete();
        Assert.HasCount(5001, guest.Spooled);
    }

    [TestMethod]
    public void A_directory_that_cannot_be_written_loses_results_but_says_so()
    {
        using var guest = new GuestFixture();
        Directory.CreateDirectory(Path.GetDirectoryName(guest.Worker.Directory)!);
        File.WriteAllText(guest.Worker.Directory, "a file where the folder should be");
        FakeTestRun run = Attach(guest);

        run.Finish(FakeTestRun.Result());
        run.Complete();

        StringAssert.Contains(guest.Lines.Last(), "0 results handed over, 1 lost");
        Assert.IsTrue(guest.Lines.Any(line => line.Contains("results are lost", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow("", "")]
    [DataRow("/nowhere/at/all", "1-2-3")]
    public void A_broken_attachment_is_a_warning_and_nothing_else(string session, string worker)
    {
        using var guest = new GuestFixture();
        var run = new FakeTestRun();
        new SyncStorageTestLogger(guest.Lines.Enqueue, Quick).Initialize(run, new Dictionary<string, string?> { ["Session"] = GuestConfiguration.Encode(session.Length == 0 ? guest.Session.Directory : session), ["Worker"] = worker });

        run.Start();
        run.Finish(FakeTestRun.Result());
        run.Complete();

        StringAssert.StartsWith(guest.Lines.Single(), "Sync Storage: SYNC0018: the logger could not start");
    }

    [TestMethod]
    public void Results_from_many_threads_keep_numbers_of_their_own()
    {
        using var guest = new GuestFixture();
        using var server = FakeServer.In(guest.Session);
        FakeTestRun run = Attach(guest);

        Parallel.For(0, 3000, _ => run.Finish(FakeTestRun.Result()));
        run.Complete();

        Assert.AreEqual(3000, server.Results.Concat(guest.Spooled).Select(r => r.Sequence).Distinct().Count());
    }

    private static FakeTestRun Attach(GuestFixture guest, OutboxLimits? limits = null, bool? watch = null)
    {
        var run = new FakeTestRun();
        Dictionary<string, string?> parameters = guest.Configuration.ToDictionary(p => p.Key, p => (string?)p.Value);
        if (watch is not null)
        {
            parameters["Watch"] = watch.ToString();
        }

        new SyncStorageTestLogger(guest.Lines.Enqueue, limits ?? Quick).Initialize(run, parameters);
        return run;
    }
}

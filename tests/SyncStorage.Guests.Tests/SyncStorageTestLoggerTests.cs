using System.Diagnostics;
using System.Text.Json;
using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

/// <summary>The logger as VSTest calls it. No server is anywhere near: it would make no difference.</summary>
[TestClass]
public sealed class SyncStorageTestLoggerTests
{
    [TestMethod]
    public void Every_result_is_in_the_mail_once_and_the_worker_is_completed()
    {
        using var guest = new GuestFixture();
        FakeTestRun run = Attach(guest);

        run.Start();
        for (int i = 0; i < 450; i++)
        {
            run.Finish(FakeTestRun.Result($"N.C.T{i}"));
        }

        run.Complete();

        CollectionAssert.AreEqual(Enumerable.Range(0, 450).Select(i => (long)i).ToArray(), guest.Sequences.ToArray());
        JsonElement worker = guest.Mail[0];
        Assert.AreEqual(
            ("worker", "1-2-3", "run 1", "logger", "Shop.Tests", "net10.0", Environment.ProcessId),
            (Text(worker, "type"), Text(worker, "pid"), Text(worker, "testRunId"), Text(worker, "part"), Text(worker, "project"), Text(worker, "targetFramework"), worker.GetProperty("processId").GetInt32()));
        Assert.AreEqual("N.C.T449", Text(guest.Mail[^2], "fullyQualifiedName"));
        Assert.AreEqual("completed", guest.Types[^1]);
        Assert.AreEqual("Sync Storage: run run 1, worker 1-2-3: 450 results handed over", guest.Lines.Single());
    }

    [TestMethod]
    public void The_worker_is_known_before_its_tests_start()
    {
        using var guest = new GuestFixture();

        Attach(guest);

        CollectionAssert.AreEqual(new[] { "worker" }, guest.Types.ToArray());
    }

    [TestMethod]
    public void A_result_is_in_the_mail_as_soon_as_VSTest_hands_it_over()
    {
        using var guest = new GuestFixture();
        FakeTestRun run = Attach(guest);

        run.Finish(FakeTestRun.Result());

        CollectionAssert.AreEqual(new[] { "worker", "result" }, guest.Types.ToArray());
    }

    [TestMethod]
    public void Events_may_be_missing_doubled_or_late()
    {
        using var guest = new GuestFixture();
        FakeTestRun run = Attach(guest);

        run.Message();
        run.Finish(FakeTestRun.Result("N.C.BeforeTheStart"));
        run.Start();
        run.Start();
        run.Finish(FakeTestRun.Result("N.C.BeforeTheStart"));
        run.Complete();
        run.Complete();
        run.Finish(FakeTestRun.Result("N.C.Late"));

        CollectionAssert.AreEqual(new long[] { 0, 1 }, guest.Sequences.ToArray());
        CollectionAssert.AreEqual(new[] { "worker", "result", "result", "completed" }, guest.Types.ToArray());
        StringAssert.Contains(guest.Lines.First(), "2 results handed over");
        StringAssert.StartsWith(guest.Lines.Last(), "Sync Storage: SYNC0018: lines for the server are lost", "What comes after the end is told.");
    }

    [TestMethod]
    public void A_folder_that_cannot_be_written_loses_results_but_says_so()
    {
        using var guest = new GuestFixture();
        File.WriteAllText(guest.MailFolder, "a file where the folder should be");
        FakeTestRun run = Attach(guest);

        var ending = Stopwatch.StartNew();
        run.Finish(FakeTestRun.Result());
        run.Complete();

        Assert.IsLessThan(5, ending.Elapsed.TotalSeconds);
        StringAssert.Contains(guest.Lines.Last(), "0 results handed over, 3 lost");
        Assert.IsTrue(guest.Lines.Any(line => line.Contains("could not be written", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow("", "")]
    [DataRow("/nowhere/at/all", "1-2-3")]
    public void A_broken_attachment_is_a_warning_and_nothing_else(string session, string worker)
    {
        using var guest = new GuestFixture();
        var run = new FakeTestRun();
        new SyncStorageTestLogger(guest.Lines.Enqueue).Initialize(run, new Dictionary<string, string?> { ["Session"] = session.Length == 0 ? guest.Session : session, ["Worker"] = worker });

        run.Start();
        run.Finish(FakeTestRun.Result());
        run.Complete();

        StringAssert.StartsWith(guest.Lines.Single(), "Sync Storage: SYNC0018: the logger could not start");
    }

    [TestMethod]
    public void Results_from_many_threads_keep_numbers_of_their_own()
    {
        using var guest = new GuestFixture();
        FakeTestRun run = Attach(guest);

        Parallel.For(0, 3000, _ => run.Finish(FakeTestRun.Result()));
        run.Complete();

        Assert.AreEqual(3000, guest.Sequences.Distinct().Count());
    }

    [TestMethod]
    public void Nothing_lies_beside_the_logger_that_could_meet_another_version_in_the_host()
    {
        string[] own = [.. typeof(SyncStorageTestLogger).Assembly.GetReferencedAssemblies().Select(assembly => assembly.Name!).Where(name => name != "netstandard" && !name.StartsWith("Microsoft.VisualStudio.TestPlatform.", StringComparison.Ordinal) && !name.StartsWith("Microsoft.TestPlatform.", StringComparison.Ordinal))];

        CollectionAssert.AreEqual(Array.Empty<string>(), own);
    }

    private static FakeTestRun Attach(GuestFixture guest)
    {
        var run = new FakeTestRun();
        new SyncStorageTestLogger(guest.Lines.Enqueue).Initialize(run, guest.Parameters);
        return run;
    }

    private static string Text(JsonElement line, string name) => line.GetProperty(name).GetString()!;
}

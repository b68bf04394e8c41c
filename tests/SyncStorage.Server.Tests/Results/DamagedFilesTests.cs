using SyncStorage.Results;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Server.Tests.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Tests.Results;

/// <summary>What a disk, a crash or another version left in a run's folder.</summary>
[TestClass]
public sealed class DamagedFilesTests
{
    [TestMethod]
    [DataRow("")]
    [DataRow("null")]
    [DataRow("[]")]
    [DataRow("{\"worker\":\"a\",\"sequence\":1,\"outco")]
    [DataRow("{\"worker\":null,\"sequence\":1,\"outcome\":\"Passed\",\"delivery\":\"spooled\" }")]
    [DataRow("{\"worker\":\"a\",\"sequence\":1,\"outcome\":\"Passed\",\"durationMs\":\"x\",\"delivery\":\"spooled\" }")]
    [DataRow("{\"worker\":\"a\",\"sequence\":1,\"outcome\":\"Passed\"}")]
    public void A_damaged_line_keeps_its_number(string damage)
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Publisher.Fate = _ => Delivery.Pending;
        fixture.Register("a");
        fixture.HandOver("a", 0, 1, 2, 3);
        fixture.Run.Delivered(3, Delivery.Sent);
        ReplaceLine(fixture.Folder.ResultsPath, 1, damage);

        fixture.RestartServer();

        Report report = fixture.Run.Describe();
        Assert.AreEqual((4L, 3L, 0L, 1L), (report.Results.Observed, report.Results.Sent, report.Results.Spooled, report.Results.Rejected));
        CollectionAssert.AreEquivalent(new long[] { 0, 2 }, fixture.Publisher.Published.Select(one => one.Index).ToArray());
        CollectionAssert.AreEqual(new long[] { 3 }, fixture.Publisher.Restored);
        Assert.IsTrue(report.Notices.Any(notice => notice.Code == "SYNC0014" && notice.Message.Contains("line 2", StringComparison.Ordinal)), string.Join("\n", report.Notices));
    }

    [TestMethod]
    public async Task A_damaged_line_is_left_as_it_is()
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Publisher.Fate = _ => Delivery.Pending;
        fixture.Register("a");
        fixture.HandOver("a", 0, 1, 2);
        ReplaceLine(fixture.Folder.ResultsPath, 1, "x");
        fixture.RestartServer();
        fixture.Run.Delivered(1, Delivery.Sent);
        fixture.Complete("a");

        await fixture.FinishAsync();

        string[] lines = File.ReadAllLines(fixture.Folder.ResultsPath);
        Assert.AreEqual("x", lines[1]);
        Assert.EndsWith("\"delivery\":\"sent\"    }", lines[0]);
        Assert.EndsWith("\"delivery\":\"sent\"    }", lines[2]);
    }

    [TestMethod]
    [DataRow("""{"event":"delivered","index":-1,"delivery":"sent"}""")]
    [DataRow("""{"event":"delivered","index":2,"delivery":"sent"}""")]
    [DataRow("""{"event":"delivered","delivery":"sent"}""")]
    [DataRow("""{"event":"posting","indices":[0,7]}""")]
    [DataRow("""{"event":"held","pid":"a","index":0}""")]
    [DataRow("""{"event":"held","pid":"a","index":9,"cut":{"autoTestExternalId":"x","statusType":"Failed"}}""")]
    [DataRow("""{"event":"held-bound"}""")]
    [DataRow("""{"event":"registered"}""")]
    [DataRow("""{"event":"status","pid":"a"}""")]
    [DataRow("""{"event":"notice"}""")]
    [DataRow("""{"event":"opened","version":2,"testRunId":"R"}""")]
    [DataRow("""{"event":"opened"}""")]
    public void A_journal_that_makes_no_sense_is_named_and_not_continued(string line)
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Publisher.Fate = _ => Delivery.Pending;
        fixture.Register("a");
        fixture.HandOver("a", 0, 1);
        fixture.Run.Dispose();
        File.AppendAllText(fixture.Folder.JournalPath, line + "\n");
        string before = File.ReadAllText(fixture.Folder.JournalPath);

        Assert.Throws<UnusableJournalException>(() => fixture.RestartServer());

        Assert.AreEqual(before, File.ReadAllText(fixture.Folder.JournalPath));
    }

    [TestMethod]
    public void The_journal_carries_a_version()
    {
        using var fixture = new RunFixture(publishes: true);
        fixture.Run.Dispose();
        StringAssert.Contains(File.ReadLines(fixture.Folder.JournalPath).First(), "\"version\":1");
    }

    [TestMethod]
    public void Results_without_a_journal_that_names_their_run_are_named()
    {
        using var folder = new TemporaryFolder();
        var run = RunFolder.At(folder.Path);
        File.WriteAllText(run.JournalPath, "");
        Assert.IsNull(LeftRun.In(run));
        File.WriteAllText(run.ResultsPath, "{}\n");
        Assert.Throws<UnusableJournalException>(() => LeftRun.In(run));
    }

    /// <summary>The largest file that the file system takes: where a full disk stops a write in its middle.</summary>
    [TestMethod]
    public void A_failed_append_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("lines");
        long largest = LargestSize(path);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write))
        {
            file.SetLength(largest - 10);
            file.Position = largest - 11;
            file.WriteByte((byte)'\n');
        }

        using (var lines = new AppendFile(path, exclusive: false))
        {
            Assert.AreEqual(largest - 10, lines.Length);
            Assert.Throws<IOException>(() => lines.Append("one\ntwo\nthree\n"u8));
            Assert.AreEqual(largest - 10, new FileInfo(path).Length);
            lines.Append("four\n"u8);
        }

        using var again = new AppendFile(path, exclusive: false);
        Assert.AreEqual("four", System.Text.Encoding.ASCII.GetString(again.ReadLastLine()));
        Assert.AreEqual(largest - 5, again.Length);
    }

    private static long LargestSize(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        (long fits, long fails) = (0, long.MaxValue);
        while (fits < fails - 1)
        {
            long middle = fits + ((fails - fits) / 2);
            try
            {
                file.SetLength(middle);
                fits = middle;
            }
            catch (Exception e) when (e is IOException or ArgumentException)
            {
                fails = middle;
            }
        }

        return fits;
    }

    private static void ReplaceLine(string path, int number, string line)
    {
        // The run still has it open, as a server that is killed does.
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        List<string> lines = [.. reader.ReadToEnd().TrimEnd('\n').Split('\n')];
        lines[number] = line;
        file.SetLength(0);
        file.Write(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
    }
}

using System.Diagnostics;
using System.Text.Json;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;
using TestItStandIn;
using SyncStorage.Settings;
using SyncStorage.Server.TestIt.Api;
using static SyncStorage.Server.Tests.TestIt.PublisherFixture;

namespace SyncStorage.Server.Tests.TestIt;

/// <summary>Whatever a test attaches costs that file at most.</summary>
[TestClass]
public sealed class AttachmentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static IEnumerable<object[]> Odd =>
    [
        ["pipe", "no regular file"],
        ["/dev/zero", "no regular file"],
        ["/dev/stdin", "no regular file"],
        ["/proc/self/environ", "is empty"],
        ["/proc/self/mem", "is empty"],
        ["empty", "is empty"],
        ["large", "52428801 bytes"],
        ["missing", "cannot be read"],
        [".", "no regular file"],
        ["loop", "cannot be read"],
        ["nul\0", "cannot be read"],
    ];

    [TestMethod]
    [DynamicData(nameof(Odd))]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task One_that_cannot_be_sent_is_left_out_and_named(string name, string reason)
    {
        OnUnix();
        string path = name[0] == '/' ? name : _folder.File(name);
        string good = Make();
        await using PublisherFixture run = await StartAsync();

        run.Publish(Result("Held"), held: true);
        run.Publish(Result("Odd") with { Attachments = [path, good] });
        run.Publish(Result("Other"));
        Assert.IsTrue(await run.CompleteAsync(Result("Held")));

        Assert.AreEqual(3, run.Log.Count(Delivery.Sent), run.NoticesText);
        Assert.HasCount(1, run.TestIt.Files);
        AssertNamed(run, path, reason);
        run.AssertNoViolation();
    }

    [TestMethod]
    public async Task A_log_that_grows_is_sent_as_long_as_it_was()
    {
        string path = _folder.File("app.log");
        await File.WriteAllTextAsync(path, new string('x', 1_000_000));
        using var log = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        using FileSnapshot snapshot = FileSnapshot.Open(path, 50_000_000);
        log.Write(new byte[1_000_000]);
        log.Flush();
        using var sent = new MemoryStream();
        await snapshot.Read().CopyToAsync(sent);
        Assert.AreEqual((1_000_000L, 1_000_000L), (snapshot.Length, sent.Length));

        using var end = new CancellationTokenSource();
        Task grows = Task.Run(() =>
        {
            // Not beyond what may be sent at all, however long a busy machine takes.
            while (!end.IsCancellationRequested && log.Length < 40_000_000)
            {
                log.Write("another line\n"u8);
                log.Flush();
            }
        });
        await using PublisherFixture run = await StartAsync();
        for (int i = 0; i < 20; i++)
        {
            // A file is sent once a run: each needs a name of its own.
            string link = _folder.File("log-" + i);
            File.CreateSymbolicLink(link, path);
            run.Publish(Result("Grows" + i) with { Attachments = [link] }, held: i == 0);
        }

        Assert.IsTrue(await run.CompleteAsync(Result("Grows0")));
        await end.CancelAsync();
        await grows;
        Assert.AreEqual("", run.NoticesText.Contains("SYNC", StringComparison.Ordinal) ? run.NoticesText : "");
        Assert.HasCount(20, run.TestIt.Files);
        run.AssertNoViolation();
    }

    [TestMethod]
    public async Task One_that_is_shortened_while_it_is_sent_costs_itself_alone()
    {
        string path = _folder.File("app.log");
        await File.WriteAllTextAsync(path, new string('x', 40_000_000));
        string good = Make();
        await using PublisherFixture run = await StartAsync();
        run.TestIt.Faults.Latency = TimeSpan.Zero;
        using var end = new CancellationTokenSource();
        Task shortens = Task.Run(() =>
        {
            while (!end.IsCancellationRequested)
            {
                using var log = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                log.SetLength(1000);
                log.SetLength(40_000_000);
                log.SetLength(1000);
            }
        });
        for (int i = 0; i < 5; i++)
        {
            string link = _folder.File("log-" + i);
            File.CreateSymbolicLink(link, path);
            run.Publish(Result("Shrinks" + i) with { Attachments = [link, good] }, held: i == 0);
        }

        Assert.IsTrue(await run.CompleteAsync(Result("Shrinks0")));
        await end.CancelAsync();
        await shortens;
        Assert.AreEqual(5, run.Log.Count(Delivery.Sent), run.NoticesText);
        Assert.DoesNotContain("SYNC0010", run.Log.Codes);
        run.AssertNoViolation();
    }

    /// <summary>Between the look at it and the upload, every time.</summary>
    [TestMethod]
    public async Task One_that_is_shortened_is_not_taken_for_a_trouble_of_Test_IT()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        using TestItClient client = TestItClient.For(new RunSettings { Url = testIt.Url }, new TestItOptions().Token, Quick, TimeProvider.System);
        string path = _folder.File("app.log");
        await File.WriteAllTextAsync(path, new string('x', 1000));
        using FileSnapshot snapshot = FileSnapshot.Open(path, TestItClient.LargestFile);
        await File.WriteAllTextAsync(path, "x");

        await Assert.ThrowsExactlyAsync<FileTroubleException>(() => client.UploadAsync("app.log", snapshot.Read, CancellationToken.None));
    }

    /// <summary>Whatever is printed between the test's start and end stands in its output, also what a stranger sent it.</summary>
    [TestMethod]
    public async Task An_output_names_only_files_of_the_tests_own_folders()
    {
        string project = Directory.CreateDirectory(_folder.File("project")).FullName;
        string bin = Directory.CreateDirectory(Path.Combine(project, "bin", "Debug")).FullName;
        string results = Directory.CreateDirectory(Path.Combine(project, "TestResults")).FullName;
        await File.WriteAllTextAsync(Path.Combine(project, "Tests.csproj"), "<Project/>");
        await File.WriteAllTextAsync(Path.Combine(bin, "screenshot.png"), "picture");
        await File.WriteAllTextAsync(Path.Combine(results, "dump.log"), "dump");
        string key = _folder.File("id_rsa");
        await File.WriteAllTextAsync(key, "secret");
        string[] named = ["screenshot.png", Path.Combine(results, "dump.log"), key, "../../../id_rsa", "/etc/hostname"];
        await using PublisherFixture run = await StartAsync();

        run.Publish(Result("Prints") with
        {
            Source = Path.Combine(bin, "Tests.dll"),
            StandardOutput = string.Concat(named.Select(path => $"TmsStepAttachment: {JsonSerializer.Serialize(new { PathToFile = path })}\n")),
        }, held: true);
        run.Publish(Result("Unknown") with { Source = "", StandardOutput = $"TmsStepAttachment: {JsonSerializer.Serialize(new { PathToFile = Path.Combine(results, "dump.log") })}\n" });
        Assert.IsTrue(await run.CompleteAsync(Result("Prints")));

        CollectionAssert.AreEquivalent(new[] { "screenshot.png", "dump.log" }, run.TestIt.Files.Select(file => file.Name).ToArray(), run.NoticesText);
        AssertNamed(run, key, project);
        AssertNamed(run, "/etc/hostname", project);
        AssertNamed(run, Path.Combine(results, "dump.log"), "not known");
        run.AssertNoViolation();
    }

    [TestMethod]
    public async Task The_hundred_and_first_is_named_in_the_log_only()
    {
        await using PublisherFixture run = await StartAsync();
        run.Publish(Result("Many") with { Attachments = [.. Enumerable.Range(0, 300).Select(i => _folder.File("missing-" + i))] }, held: true);
        Assert.IsTrue(await run.CompleteAsync(Result("Many")));
        Assert.AreEqual(101, run.Log.Codes.Count(code => code == "SYNC0021"));
        Assert.AreEqual(300, run.Log.Notices.Count(notice => notice.Message.Contains("missing-", StringComparison.Ordinal)));
    }

    private static void AssertNamed(PublisherFixture run, string path, string reason)
        => Assert.AreEqual(1, run.Log.Notices.Count(notice => notice.Code == "SYNC0021" && notice.Message.Contains($"'{path}'", StringComparison.Ordinal) && notice.Message.Contains(reason, StringComparison.Ordinal)), run.NoticesText);

    private string Make()
    {
        using (Process pipe = Process.Start("mkfifo", _folder.File("pipe")))
        {
            pipe.WaitForExit();
        }

        File.WriteAllText(_folder.File("empty"), "");
        using (var large = new FileStream(_folder.File("large"), FileMode.Create))
        {
            large.SetLength((50L * 1024 * 1024) + 1);
        }

        File.CreateSymbolicLink(_folder.File("loop"), _folder.File("loop"));
        File.WriteAllText(_folder.File("good"), "good");
        return _folder.File("good");
    }

    private static void OnUnix()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Windows has no such files.");
        }
    }
}

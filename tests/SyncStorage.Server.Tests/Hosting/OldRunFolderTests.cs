using SyncStorage.Server.Hosting;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>Tidying removes what we wrote, and nothing else.</summary>
[TestClass]
public sealed class OldRunFolderTests : IDisposable
{
    private const string Journal = """{"event":"opened","version":1,"testRunId":"r"}""" + "\n" + """{"event":"completed"}""" + "\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public async Task A_run_of_ours_goes_with_all_that_we_write()
    {
        Write("run", "journal.jsonl", Journal);
        foreach (string file in (string[])["report.json", "report.html", "results.jsonl", "server.log", "report.json.0123456789abcdef0123456789abcdef.tmp", "mail/a.logger.1.jsonl"])
        {
            Write("run", file, "x");
        }

        await TidyAsync();
        Assert.IsFalse(Directory.Exists(_folder.File("run")));
    }

    [TestMethod]
    [DataRow("report.json", "{}")]
    [DataRow("journal.jsonl", "")]
    [DataRow("journal.jsonl", "my diary\n")]
    [DataRow("journal.jsonl", "{\"event\":\"completed\"}\n")]
    [DataRow("journal.jsonl", "{\"event\":\"opened\"}\n{\"event\":\"completed\"}\n")]
    [DataRow("journal.jsonl", "{\"event\":\"opened\",\"version\":2,\"testRunId\":\"r\"}\n{\"event\":\"completed\"}\n")]
    public async Task A_folder_without_a_journal_of_ours_stays_as_it_is(string file, string content)
    {
        Write("theirs", file, content);
        Write("theirs", "report.json", "{}");
        Write("theirs", "results.jsonl", "");
        await TidyAsync();
        Assert.HasCount(file == "report.json" ? 2 : 3, Directory.GetFiles(_folder.File("theirs")));
    }

    [TestMethod]
    public async Task What_lies_beside_our_files_stays()
    {
        Write("run", "journal.jsonl", Journal);
        Write("run", "report.json", "{}");
        string[] theirs = ["notes.txt", "journal.jsonl.bak", "mail/letter.txt", "screenshots/one.png"];
        foreach (string file in theirs)
        {
            Write("run", file, "theirs");
        }

        await TidyAsync();
        CollectionAssert.AreEquivalent(theirs, Directory.GetFiles(_folder.File("run"), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_folder.File("run"), path)).ToArray());
    }

    [TestMethod]
    public async Task A_link_is_not_followed()
    {
        using var elsewhere = new TemporaryFolder();
        File.WriteAllText(elsewhere.File("journal.jsonl"), Journal);
        File.WriteAllText(elsewhere.File("mail.jsonl"), "theirs");
        Age(elsewhere.File("journal.jsonl"));
        Age(elsewhere.File("mail.jsonl"));
        Directory.CreateSymbolicLink(_folder.File("link"), elsewhere.Path);
        Write("run", "journal.jsonl", Journal);
        Directory.CreateSymbolicLink(_folder.File("run/mail"), elsewhere.Path);
        await TidyAsync();
        Assert.HasCount(2, Directory.GetFiles(elsewhere.Path));
    }

    private void Write(string folder, string file, string content)
    {
        string path = _folder.File(Path.Combine(folder, file));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        Age(path);
    }

    private static void Age(string path) => File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-100));

    private async Task TidyAsync()
    {
        using var log = new ServerLog(TimeProvider.System);
        var host = new RunHost
        {
            Clock = new Clock(TimeProvider.System),
            Log = log,
            Processes = new OperatingSystemProcesses(),
            Directory = _folder.Path,
            SettingsOf = id => new SyncStorage.Settings.RunSettings { TestRunId = id },
        };
        using var runs = new RunBook(host, null);
        var folders = new RunFolders(host, runs);
        await folders.TidyAsync(CancellationToken.None);
        await folders.RemoveAsync();
    }
}

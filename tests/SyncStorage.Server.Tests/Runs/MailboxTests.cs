using System.Diagnostics;
using System.Text;
using SyncStorage.Mail;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Mail;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Tests.Runs;

[TestClass]
public sealed class MailboxTests : IDisposable
{
    private readonly RunFixture _fixture = new(publishes: false);
    private Mailbox? _mailbox;

    public void Dispose()
    {
        _mailbox?.Dispose();
        _fixture.Dispose();
    }

    private string Folder => _fixture.Folder.MailDirectory;

    [TestMethod]
    public async Task What_is_appended_is_taken_with_the_next_look_and_once()
    {
        using MailingWorker worker = Begin("a");
        await PollAsync();
        Assert.AreEqual((1, 0L), (_fixture.Run.Describe().Workers.Count, Observed));

        worker.Send(0, 3);
        await PollAsync();
        await PollAsync();
        Assert.AreEqual(3, Observed);

        worker.Send(3, 400);
        await PollAsync();
        Assert.AreEqual(403, Observed);
    }

    [TestMethod]
    public async Task What_goes_at_the_end_is_the_mail_of_workers_that_have_ended()
    {
        using MailingWorker worker = Begin("a").Send(0, 1);
        await PollAsync();
        _mailbox!.Stored.Remove();
        Assert.HasCount(1, Files());

        worker.Complete();
        await PollAsync();
        Assert.HasCount(1, Files(), "A build that has found it by a pattern has to find it until the tests are through.");
        Assert.AreEqual(WorkerStatus.Completed, _fixture.Run.Describe().Workers.Single().Status);

        _mailbox.Stored.Remove();
        Assert.IsFalse(Directory.Exists(Folder));
    }

    [TestMethod]
    public async Task A_result_is_told_apart_by_its_workers_project_and_framework_also_after_a_kill_of_the_server()
    {
        Write("""{"type":"worker","pid":"a","testRunId":"R","part":"logger","projectFile":"/x/A.csproj","frameworkOfSeveral":"net8.0"}""" + "\n" + Result(0));
        await PollAsync();
        _fixture.RestartServer();
        _mailbox!.Dispose();
        _mailbox = null;
        File.AppendAllText(Files().Single(), Result(1));
        await PollAsync();

        foreach (long index in (long[])[0, 1])
        {
            ObservedResult result = await _fixture.Run.ReadAsync(index, default);
            Assert.AreEqual(("/x/A.csproj", "net8.0"), (result.ProjectFile, result.FrameworkOfSeveral));
        }
    }

    [TestMethod]
    public async Task A_recovered_result_is_numbered_after_those_of_its_name_that_came()
    {
        MailedTest test = MailingWorker.Numbered(0).Test;
        _fixture.Processes.Alive[7] = "monday";
        Write(Worker("a", processId: 7) + Result(0));
        File.WriteAllText(Path.Combine(Folder, "a.collector.8.jsonl"), Worker("a", processId: 7).Replace("logger", "collector", StringComparison.Ordinal) + Seen(test, 0) + Seen(test, 1));
        await PollAsync();
        _fixture.Processes.Alive.Remove(7);
        _fixture.Run.Pass();
        _fixture.Run.Pass();
        await PollAsync();

        ObservedResult recovered = await _fixture.Run.ReadAsync(1, default);
        Assert.AreEqual((2L, 1L), (Observed, _fixture.Run.Describe().Results.Recovered));
        Assert.AreEqual((true, 1), (recovered.Recovered, recovered.Twin));
    }

    [TestMethod]
    public async Task A_line_waits_for_its_line_feed()
    {
        string path = Write(Worker("a", processId: null) + Result(0)[..20]);
        await PollAsync();
        Assert.AreEqual(0, Observed);

        File.AppendAllText(path, Result(0)[20..]);
        await PollAsync();
        Assert.AreEqual(1, Observed);
    }

    /// <summary>More than is taken with one look, of a worker that is given up meanwhile.</summary>
    [TestMethod]
    public async Task No_mail_goes_before_all_of_it_is_stored()
    {
        const int Count = 12_000;
        _fixture.Processes.Alive[7] = "monday";
        string path = Write(Worker("a", processId: 7) + string.Concat(Enumerable.Range(0, Count).Select(Result)));
        Assert.IsGreaterThan(3 * 1024 * 1024, new FileInfo(path).Length);
        _fixture.Processes.Alive.Remove(7);
        for (int look = 0; File.Exists(path); look++)
        {
            Assert.IsLessThan(50, look, "It does not come to an end.");
            _fixture.Run.Pass();
            await PollAsync();
            _mailbox!.Stored.Remove();
        }

        Assert.AreEqual(Count, Observed);
    }

    [TestMethod]
    public async Task The_half_line_of_a_killed_worker_is_named_and_left_out()
    {
        _fixture.Processes.Alive[7] = "monday";
        string path = Write(Worker("a", processId: 7) + Result(0) + "{\"type\":\"result\",\"sequ");
        await PollAsync();
        _fixture.Processes.Alive.Remove(7);
        _fixture.Run.Pass();
        await PollAsync();
        Assert.AreEqual(WorkerStatus.InProgress, _fixture.Run.Describe().Workers.Single().Status, "Its last word could have come with this look.");
        _fixture.Run.Pass();
        await PollAsync();

        Assert.AreEqual((1L, WorkerStatus.Lost), (Observed, _fixture.Run.Describe().Workers.Single().Status));
        _mailbox!.Stored.Remove();
        Assert.IsFalse(File.Exists(path));
        StringAssert.Contains(Log(), "The last line of a.logger.7.jsonl is not whole");
    }

    [TestMethod]
    public async Task A_worker_that_completed_just_before_it_ended_is_not_lost()
    {
        _fixture.Processes.Alive[7] = "monday";
        string path = Write(Worker("a", processId: 7));
        await PollAsync();
        _fixture.Processes.Alive.Remove(7);
        _fixture.Run.Pass();
        File.AppendAllText(path, Result(0) + "{\"type\":\"completed\"}\n");
        await PollAsync();
        _fixture.Run.Pass();

        Assert.AreEqual((1L, WorkerStatus.Completed), (Observed, _fixture.Run.Describe().Workers.Single().Status));
    }

    [TestMethod]
    public async Task A_process_that_was_gone_before_its_mail_was_read_is_not_taken_for_the_one_that_has_its_id_now()
    {
        _fixture.Processes.Alive[7] = "tuesday";
        Write(Worker("a", processId: 7) + Result(0));
        await PollAsync();
        _fixture.Run.Pass();
        await PollAsync();
        _fixture.Run.Pass();

        Assert.AreEqual(WorkerStatus.Lost, _fixture.Run.Describe().Workers.Single().Status);
    }

    [TestMethod]
    public async Task Reading_from_the_beginning_after_a_kill_of_the_server_counts_nothing_twice()
    {
        using MailingWorker worker = Begin("a").Send(0, 5);
        await PollAsync();

        _fixture.RestartServer();
        _mailbox!.Dispose();
        _mailbox = null;
        worker.Send(5, 1).Complete();
        await PollAsync();
        await _fixture.FinishAsync();

        Assert.AreEqual((6L, 1), (Observed, _fixture.Run.Describe().Workers.Count));
        Assert.AreEqual("completed", _fixture.ReadReport().State);
        _mailbox!.Stored.Remove();
        Assert.IsEmpty(Files());
    }

    [TestMethod]
    public async Task Mail_that_a_killed_server_left_of_a_closed_run_does_not_open_it_again()
    {
        using MailingWorker worker = Begin("a").Send(0, 5);
        worker.Complete();
        string path = Files().Single();
        byte[] mail = ReadShared(path);
        await PollAsync();
        await _fixture.FinishAsync();
        File.WriteAllBytes(path, mail);

        _fixture.RestartServer();
        _mailbox!.Dispose();
        _mailbox = null;
        await PollAsync();

        Assert.IsFalse(_fixture.Run.IsRunning);
        Assert.AreEqual(0, _fixture.CountEvents(RunEvents.Reopened));
        _mailbox!.Stored.Remove();
        Assert.IsEmpty(Files());
    }

    [TestMethod]
    public async Task What_is_not_understood_is_named_and_costs_nothing_else()
    {
        Write(Worker("a", processId: null) + "nonsense\n\n{\"type\":\"result\",\"sequence\":\"x\"}\n{\"type\":\"of tomorrow\"}\n" + Result(1));
        await PollAsync();

        Assert.AreEqual(1, Observed);
        StringAssert.Contains(Log(), "is not understood");
    }

    [TestMethod]
    public async Task Links_pipes_and_folders_are_no_mail()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Directory.CreateDirectory(Folder);
        string elsewhere = Path.Combine(_fixture.Folder.Path, "elsewhere");
        File.WriteAllText(elsewhere, Worker("linked", processId: null) + Result(0));
        File.CreateSymbolicLink(Path.Combine(Folder, "link.jsonl"), elsewhere);
        Directory.CreateDirectory(Path.Combine(Folder, "folder.jsonl"));
        using (Process mkfifo = Process.Start("mkfifo", [Path.Combine(Folder, "pipe.jsonl")]))
        {
            await mkfifo.WaitForExitAsync();
        }

        await PollAsync().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.IsEmpty(_fixture.Run.Describe().Workers);
    }

    [TestMethod]
    public async Task A_mail_folder_that_is_a_link_is_none()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string elsewhere = Path.Combine(_fixture.Folder.Path, "elsewhere");
        Directory.CreateDirectory(elsewhere);
        File.WriteAllText(Path.Combine(elsewhere, "a.logger.1.jsonl"), Worker("a", processId: null));
        Directory.CreateSymbolicLink(Folder, elsewhere);

        await PollAsync();

        Assert.IsEmpty(_fixture.Run.Describe().Workers);
    }

    [TestMethod]
    public async Task A_result_of_megabytes_is_taken_whole()
    {
        using MailingWorker worker = Begin("a");
        worker.Send(MailingWorker.Numbered(0) with { Message = new string('ä', 3_000_000) }, 0).Send(1, 1);
        await PollAsync();

        Assert.AreEqual(2, Observed);
        Assert.AreEqual(3_000_000, (await _fixture.Run.ReadAsync(0, default)).Message!.Length);
    }

    private long Observed => _fixture.Run.Describe().Results.Observed;

    private MailingWorker Begin(string pid) => new(Folder, "R", pid);

    private Task<bool> PollAsync()
    {
        _mailbox ??= new Mailbox(_fixture.Run, [Folder], LocalCoordinator.Instance, _fixture.Log);
        return _mailbox.PollAsync();
    }

    private string[] Files() => Directory.Exists(Folder) ? Directory.GetFiles(Folder) : [];

    private string Log() => Encoding.UTF8.GetString(ReadShared(_fixture.Folder.LogPath));

    private string Write(string lines)
    {
        Directory.CreateDirectory(Folder);
        string path = Path.Combine(Folder, "a.logger.7.jsonl");
        File.WriteAllText(path, lines);
        return path;
    }

    private static byte[] ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    private static string Worker(string pid, int? processId)
        => $$"""{"type":"worker","pid":"{{pid}}","testRunId":"R","part":"logger"{{(processId is int id ? $",\"processId\":{id},\"processBirth\":\"monday\"" : "")}}}""" + "\n";

    /// <summary>Both lines of a data collector.</summary>
    private static string Seen(MailedTest test, int number)
        => Encoding.UTF8.GetString([.. MailLines.Start(test, number, DateTimeOffset.UnixEpoch).ToBytes(), .. MailLines.End(test, number, DateTimeOffset.UnixEpoch, "Passed").ToBytes()]);

    private static string Result(int number) => Encoding.UTF8.GetString(MailLines.Result(MailingWorker.Numbered(number), number).ToBytes());
}

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.Tests.Runs;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>What only a real process shows: signals, kills, ports, command lines.</summary>
[TestClass]
public sealed class ServerProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public async Task The_first_line_is_the_address_whatever_there_is_to_say()
    {
        using ServerProcess server = ServerProcess.StartWith(
            new Dictionary<string, string> { ["TMS_CERT_VALIDATION"] = "perhaps" }, "--port", "0", "--testRunId", "R", "--directory", _folder.Path);
        await server.ReadUrlAsync();
        server.Signal("TERM");
        await server.WaitForExitAsync();
        StringAssert.Contains(await server.Process.StandardOutput.ReadToEndAsync(), "perhaps");
    }

    [TestMethod]
    [DataRow("--wrong", "--wrong")]
    [DataRow("--port", "--port needs a value")]
    [DataRow("--port=70000", "70000")]
    [DataRow("--listen=nowhere", "nowhere")]
    public async Task A_command_line_that_is_not_understood_is_named_and_ends_with_2(string argument, string names)
    {
        using ServerProcess server = ServerProcess.Start(argument);
        string error = await server.Process.StandardError.ReadToEndAsync();
        Assert.AreEqual(2, await server.WaitForExitAsync());
        StringAssert.Contains(error, names);
    }

    [TestMethod]
    public async Task On_a_busy_port_it_exits_at_once_naming_it()
    {
        using ServerProcess first = ServerProcess.Start("--port", "0", "--directory", _folder.Path);
        string port = new Uri(await first.ReadUrlAsync()).Port.ToString(CultureInfo.InvariantCulture);
        using ServerProcess second = ServerProcess.Start("--port", port, "--directory", _folder.Path);
        StringAssert.Contains(await second.Process.StandardError.ReadToEndAsync(), port);
        Assert.AreEqual(1, await second.WaitForExitAsync());
    }

    [TestMethod]
    [DataRow("TERM")]
    [DataRow("INT")]
    public async Task Stand_alone_it_obeys_signals_and_finalizes_first(string signal)
    {
        using ServerProcess server = ServerProcess.Start("--port", "0", "--testRunId", "R", "--directory", _folder.Path);
        using var client = new SyncStorageClient(await server.ReadUrlAsync());
        await client.RegisterAsync(new RegisterRequest { Pid = "a", TestRunId = "R" }, default);
        server.Signal(signal);
        Assert.AreEqual(0, await server.WaitForExitAsync());
        Assert.AreEqual("interrupted", ReadReport("R").State);
    }

    [TestMethod]
    public async Task Shutdown_ends_it()
    {
        using ServerProcess server = ServerProcess.Start("--port", "0", "--directory", _folder.Path);
        using var client = new SyncStorageClient(await server.ReadUrlAsync());
        await client.ShutdownAsync(default);
        Assert.AreEqual(0, await server.WaitForExitAsync());
    }

    [TestMethod]
    public async Task Nobody_has_to_read_what_it_prints()
    {
        using ServerProcess server = ServerProcess.Start("--port", "0", "--testRunId", "R", "--directory", _folder.Path);
        string url = await server.ReadUrlAsync();
        server.Process.StandardOutput.Close();
        server.Process.StandardError.Close();
        using var client = new SyncStorageClient(url);
        await client.RegisterAsync(new RegisterRequest { Pid = "a" }, default);
        await client.ShutdownAsync(default);
        Assert.AreEqual(0, await server.WaitForExitAsync());
    }

    [TestMethod]
    public async Task What_was_mailed_survives_kill_9_and_the_next_server_of_the_session_goes_on()
    {
        Session session = Session.At(_folder.File("session"));
        session.WriteRun(new RunSettings { TestRunId = "R" });
        using SessionLease lease = session.TakeLease();
        using ServerProcess first = StartEmbedded(session);
        ServerState state = (await session.WaitForServerAsync(Patience))!;
        if (!OperatingSystem.IsWindows())
        {
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(session.ServerStatePath));
        }

        using var worker = new MailingWorker(new RunFolder(_folder.File("out"), "R").MailDirectory, "R", "a");
        worker.Send(0, 1000);
        await ObservedAsync("R", 1000);

        first.Signal("KILL");
        await first.WaitForExitAsync();
        File.Delete(session.ServerStatePath);

        using ServerProcess second = StartEmbedded(session);
        worker.Send(1000, 50);
        worker.Complete();
        lease.Dispose();
        Assert.AreEqual(0, await second.WaitForExitAsync());
        Report report = ReadReport("R");
        Assert.AreEqual(("completed", 1050L, true), (report.State, report.Results.Observed, report.InProgress!.Finalized));
        Assert.IsFalse(Directory.Exists(session.Directory));
    }

    [TestMethod]
    public async Task When_the_process_that_called_dotnet_test_is_killed_the_run_is_interrupted_and_the_server_gone()
    {
        Session session = Session.At(_folder.File("session"));
        using Process dotnetTest = Process.Start("sleep", "600");
        // A build node may live on and hold it.
        using SessionLease lease = session.TakeLease(new LeaseHolder("call", ProcessIdentity.Of(dotnetTest.Id)));
        using ServerProcess server = StartEmbedded(session);
        using var worker = new MailingWorker(new RunFolder(_folder.File("out"), "R").MailDirectory, "R", "a");
        worker.Send(0, 1);
        await ObservedAsync("R", 1);

        long killed = Environment.TickCount64;
        dotnetTest.Kill();
        await server.WaitForExitAsync();
        Assert.IsLessThan(15000, Environment.TickCount64 - killed);
        Report report = ReadReport("R");
        Assert.AreEqual(("interrupted", 1L, WorkerStatus.Lost), (report.State, report.Results.Observed, report.Workers.Single().Status));
    }

    [TestMethod]
    public async Task Embedded_it_survives_Ctrl_C_and_ends_with_the_last_lease()
    {
        Session session = Session.At(_folder.File("session"));
        using SessionLease lease = session.TakeLease();
        using ServerProcess server = StartEmbedded(session);
        Assert.IsNotNull(await session.WaitForServerAsync(Patience));
        server.Signal("INT");
        server.Signal("HUP");
        ServerState state = session.ReadServer()!;
        using (var client = new SyncStorageClient(state.Url, state.Secret))
        {
            Assert.AreEqual("ok", (await client.HealthAsync(default)).Status);
        }

        lease.Dispose();
        Assert.AreEqual(0, await server.WaitForExitAsync());
        Assert.AreEqual("completed", ReadReport("R").State, "a build without a single worker leaves a report as well");
    }

    /// <summary>So does Mono always, where it runs the library: what is held shows in the kernel, not in one runtime.</summary>
    [TestMethod]
    public async Task A_lease_counts_where_a_runtime_locks_no_files()
    {
        Session session = Session.At(_folder.File("session"));
        using SessionLease lease = session.TakeLease();
        using ServerProcess server = StartEmbedded(session, new Dictionary<string, string> { ["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1" });
        await session.WaitForServerAsync(Patience);
        using var worker = new MailingWorker(new RunFolder(_folder.File("out"), "R").MailDirectory, "R", "a");
        worker.Send(0, 1);
        await ObservedAsync("R", 1);
        Assert.IsTrue(File.Exists(lease.Path), "the server removes a lease that nobody holds");
        Assert.ThrowsExactly<IOException>(() => ExclusiveFile.Open(new RunFolder(_folder.File("out"), "R").JournalPath, FileMode.Open), "its journal is its own");
        worker.Complete();
        lease.Dispose();

        Assert.AreEqual(0, await server.WaitForExitAsync());
        Assert.DoesNotContain("opened again", await File.ReadAllTextAsync(Path.Combine(new RunFolder(_folder.File("out"), "R").Path, "server.log")));
    }

    [TestMethod]
    public async Task A_run_that_a_dead_server_left_open_is_closed_as_interrupted_by_the_next_invocation()
    {
        Session dead = Session.At(_folder.File("dead"));
        SessionLease lease = dead.TakeLease();
        using (ServerProcess server = StartEmbedded(dead, "--testRunId", "LEFT"))
        {
            using var worker = new MailingWorker(new RunFolder(_folder.File("out"), "LEFT").MailDirectory, "LEFT", "a");
            worker.Send(0, 1);
            await ObservedAsync("LEFT", 1);
            server.Signal("KILL");
            await server.WaitForExitAsync();
        }

        lease.Dispose();
        Session next = Session.At(_folder.File("next"));
        using SessionLease nextLease = next.TakeLease();
        using ServerProcess nextServer = StartEmbedded(next);
        Assert.IsNotNull(await next.WaitForServerAsync(Patience));
        nextLease.Dispose();
        await nextServer.WaitForExitAsync();
        Report report = ReadReport("LEFT");
        Assert.AreEqual(("interrupted", 1L), (report.State, report.Results.Observed));
    }

    [TestMethod]
    public async Task A_service_of_the_official_protocol_on_the_port_elects_and_is_never_stopped()
    {
        using ServerProcess official = ServerProcess.Start("--port", "0", "--directory", _folder.File("official"));
        string url = await official.ReadUrlAsync();
        Session session = Session.At(_folder.File("session"));
        using SessionLease lease = session.TakeLease();
        using ServerProcess server = StartEmbedded(session, "--port", Text(new Uri(url).Port));
        using var worker = new MailingWorker(new RunFolder(_folder.File("out"), "R").MailDirectory, "R", "a");
        worker.Send(0, 1);
        worker.Complete();

        using (var foreign = new SyncStorageClient(url))
        {
            while (!await foreign.IsPublishedAsync("R", default))
            {
                await Task.Delay(50);
            }

            Assert.IsFalse((await foreign.RegisterAsync(new RegisterRequest { Pid = "late", TestRunId = "R" }, default)).IsMaster);
            await foreign.SetWorkerStatusAsync(new WorkerStatusRequest { Pid = "late", TestRunId = "R", Status = WorkerStatus.Completed }, default);
        }

        lease.Dispose();
        Assert.AreEqual(0, await server.WaitForExitAsync());
        Assert.IsTrue(ReadReport("R").InProgress!.Finalized);
        Assert.IsFalse(official.Process.HasExited);
    }

    [TestMethod]
    public async Task Something_else_on_the_port_means_a_free_port_and_one_message()
    {
        using var stranger = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        stranger.Start();
        int port = ((System.Net.IPEndPoint)stranger.LocalEndpoint).Port;
        Session session = Session.At(_folder.File("session"));
        using SessionLease lease = session.TakeLease();
        using ServerProcess server = StartEmbedded(session, "--port", Text(port));
        ServerState state = (await session.WaitForServerAsync(Patience))!;
        Assert.AreNotEqual(port, new Uri(state.Url).Port);
        Assert.AreEqual("SYNC0005", state.Notices.Single().Code);
    }

    [TestMethod]
    public async Task An_unreachable_coordinator_makes_nobody_master_and_loses_nothing()
    {
        Session session = Session.At(_folder.File("session"));
        using SessionLease lease = session.TakeLease();
        using ServerProcess server = StartEmbedded(session, "--coordinator", "http://127.0.0.1:9");
        ServerState state = (await session.WaitForServerAsync(Patience))!;
        Assert.AreEqual("SYNC0007", state.Notices.Single().Code);
        using var worker = new MailingWorker(new RunFolder(_folder.File("out"), "R").MailDirectory, "R", "a");
        worker.Send(0, 1);
        worker.Complete();
        lease.Dispose();
        await server.WaitForExitAsync();
        Report report = ReadReport("R");
        Assert.AreEqual(1, report.Results.Observed);
        Assert.IsNull(report.InProgress);
        Assert.AreEqual("SYNC0007", report.Notices.Single().Code);
    }

    [TestMethod]
    public async Task Run_folders_of_a_month_ago_are_removed_and_foreign_folders_are_not()
    {
        foreach (string name in new[] { "old", "mine" })
        {
            Directory.CreateDirectory(_folder.File(Path.Combine("out", name)));
        }

        var old = new RunFolder(_folder.File("out"), "old");
        await File.WriteAllTextAsync(old.JournalPath, "{\"event\":\"opened\",\"at\":\"2020-01-01T00:00:00Z\",\"testRunId\":\"old\",\"settings\":{\"testRunId\":\"old\"}}\n{\"event\":\"completed\",\"at\":\"2020-01-01T00:00:00Z\"}\n");
        File.SetLastWriteTimeUtc(old.JournalPath, DateTime.UtcNow - TimeSpan.FromDays(30));
        Session session = Session.At(_folder.File("session"));
        using SessionLease lease = session.TakeLease();
        using ServerProcess server = StartEmbedded(session);
        Assert.IsNotNull(await session.WaitForServerAsync(Patience));
        lease.Dispose();
        await server.WaitForExitAsync();
        Assert.IsFalse(Directory.Exists(old.Path));
        Assert.IsTrue(Directory.Exists(_folder.File(Path.Combine("out", "mine"))));
    }

    private async Task ObservedAsync(string testRunId, long count)
    {
        var waited = Stopwatch.StartNew();
        string results = new RunFolder(_folder.File("out"), testRunId).ResultsPath;
        while (!File.Exists(results) || LinesIn(results) < count)
        {
            Assert.IsLessThan(Patience, waited.Elapsed);
            await Task.Delay(20);
        }
    }

    private static int LinesIn(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    /// <summary>With a temporary folder of its own: what other tests' sessions are just doing there is part of what a server decides by.</summary>
    private ServerProcess StartEmbedded(Session session, params string[] more) => StartEmbedded(session, [], more);

    private ServerProcess StartEmbedded(Session session, Dictionary<string, string> environment, params string[] more)
        => ServerProcess.StartWith(
            new Dictionary<string, string>(environment) { [OperatingSystem.IsWindows() ? "TMP" : "TMPDIR"] = Directory.CreateDirectory(_folder.File("temporary")).FullName },
            ["--session", session.Directory, "--directory", _folder.File("out"), "--completionTimeout", "60", "--testRunId", "R", "--port", "0", .. more]);

    private Report ReadReport(string testRunId)
    {
        string[] folders = [_folder.Path, _folder.File("out")];
        string path = folders.Select(folder => new RunFolder(folder, testRunId).ReportPath).First(File.Exists);
        return Report.Read(path);
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

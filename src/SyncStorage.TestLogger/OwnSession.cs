using System.Diagnostics;
using System.Globalization;
using SyncStorage.Mail;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.TestLogger;

/// <summary>
/// Tests that no MSBuild target began, such as those of <c>dotnet vstest</c> with a .runsettings written by hand: the logger makes the
/// session, holds its lease and starts the server. The settings are not understood here; the server is given them as they are.
/// <code>
/// settings        what the user wrote, and what is known of the tests: name=value lines, percent-encoded
/// mail/           of this worker
/// ../{name}.console   what the server has to say, left beside the session, which is gone when it has ended
/// </code>
/// </summary>
internal sealed class OwnSession : IDisposable
{
    private const int MostStarts = 3;
    private const int DefaultCompletionTimeout = 100;

    // The server ends by itself at the completion timeout; this much later something is wrong with it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TestConsole _console;
    private readonly string _directory;
    private readonly SessionLease _lease;
    private TimeSpan _timeout;
    private ProcessIdentity? _server;

    private OwnSession(TestConsole console, string directory, string worker, string targetFramework)
    {
        _console = console;
        _directory = directory;
        Worker = worker;
        foreach (string folder in new[] { "leases", "waiting", "workers" })
        {
            Directory.CreateDirectory(Path.Combine(directory, folder));
        }

        _lease = SessionLease.Take(Path.Combine(directory, "leases"), new LeaseHolder("console", ProcessIdentity.Of(console.ProcessId)));
        string project = console.TestAssembly is string assembly ? Path.GetFileNameWithoutExtension(assembly) : $"vstest.console {console.ProcessId}";
        Address = new MailAddress(Path.Combine(directory, "mail"), "", project, targetFramework);
        SharedFile.Write(MailAddress.PathIn(directory, worker), Address.ToBytes());
    }

    public string Worker { get; }

    /// <summary>Without the run's id, which the server finds out.</summary>
    public MailAddress Address { get; }

    /// <summary>What the server has found out meanwhile; null when the user switched Sync Storage off.</summary>
    public MailAddress? Resolved => MailAddress.Read(_directory, Worker);

    /// <summary>An IDE runs tests again and again in one process, each time with a session of its own.</summary>
    public static OwnSession Create(TestConsole console, string targetFramework)
    {
        string id = Guid.NewGuid().ToString("N");
        string directory = SessionFolders.Of("vstest " + id);
        SessionFolders.CreatePrivate(directory);
        string worker = string.Format(CultureInfo.InvariantCulture, "{0}-{1}-{2}", console.ProcessId, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), id.Substring(0, 8));
        var session = new OwnSession(console, directory, worker, targetFramework);
        // The test host inherits them, and with it a data collector that is named beside this logger.
        Environment.SetEnvironmentVariable(MailAddress.SessionVariable, directory);
        Environment.SetEnvironmentVariable(MailAddress.WorkerVariable, worker);
        return session;
    }

    /// <summary>Does not wait for the server.</summary>
    /// <exception cref="FileNotFoundException">There is no server, or no dotnet to run it.</exception>
    public void StartServer(IReadOnlyDictionary<string, string> configuration)
    {
        _timeout = TimeSpan.FromSeconds(
            configuration.TryGetValue("CompletionTimeout", out string? given) && int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? seconds : DefaultCompletionTimeout);
        // A token has no business in a file; that there is one has to be told.
        IEnumerable<KeyValuePair<string, string>> settings = configuration.Select(setting => IsToken(setting.Key) ? new KeyValuePair<string, string>(setting.Key, "") : setting);
        var facts = new Dictionary<string, string>
        {
            ["@worker"] = Worker,
            ["@directory"] = Directory.GetCurrentDirectory(),
            ["@assembly"] = _console.TestAssembly ?? "",
        };
        SharedFile.WriteText(
            Path.Combine(_directory, "settings"),
            string.Concat(settings.Concat(facts).Select(setting => Uri.EscapeDataString(setting.Key) + "=" + Uri.EscapeDataString(setting.Value) + "\n")));
        Start();
    }

    /// <summary>Lets go of the server and waits until the run is closed and its report final.</summary>
    /// <returns>What the user is to read.</returns>
    public async Task<IReadOnlyList<string>> EndAsync()
    {
        var said = new List<string>();
        using SessionLease waiting = SessionLease.Take(Path.Combine(_directory, "waiting"), new LeaseHolder("console", ProcessIdentity.Of(_console.ProcessId)));
        _lease.Dispose();
        var waited = Stopwatch.StartNew();
        for (int starts = 1; ; starts++)
        {
            TimeSpan left = _timeout + Patience - waited.Elapsed;
            if (!await ServerProcess.WaitForEndOrEndItAsync(_server!, Path.Combine(_directory, "heartbeat"), left, () => false).ConfigureAwait(false))
            {
                said.Add(ConsoleText.Line(Diagnostics.ServerStillRuns(waited.Elapsed.TotalSeconds, "CompletionTimeout", _timeout.TotalSeconds)));
                break;
            }

            // A server that signs off takes the session with it; one that learnt that Sync Storage is switched off, the worker.
            if (Resolved is null)
            {
                break;
            }

            if (await StartFailure.ReadAsync(_directory).ConfigureAwait(false) is { } reason)
            {
                said.Add(ConsoleText.Line(Diagnostics.ServerDidNotStart(reason)));
                break;
            }

            if (starts == MostStarts)
            {
                said.Add(ConsoleText.Line(Diagnostics.ServerEndedTooOften(starts)));
                break;
            }

            said.Add(ConsoleText.Line(Diagnostics.ServerRestarted()));
            Start();
        }

        if (Directory.Exists(_directory))
        {
            waiting.Dispose();
            Directory.Delete(_directory, recursive: true);
        }

        string console = _directory + ".console";
        if (File.Exists(console))
        {
            said.AddRange(File.ReadAllLines(console));
            File.Delete(console);
        }

        return said;
    }

    public void Dispose() => _lease.Dispose();

    private static bool IsToken(string name) => string.Equals(name, "privateToken", StringComparison.OrdinalIgnoreCase);

    private void Start()
    {
        _server = ServerLauncher.Start(_directory, ["--settings", Path.Combine(_directory, "settings")]);
        SharedFile.WriteText(Path.Combine(_directory, "server.pid"), _server.ToString());
    }
}

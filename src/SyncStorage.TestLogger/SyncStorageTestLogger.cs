using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Client;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Logging;
using SyncStorage.Mail;

namespace SyncStorage.TestLogger;

/// <summary>
/// VSTest logger of Sync Storage, in vstest.console: every handler only converts and writes a line, and nothing is ever thrown. It waits for
/// nobody, unless no MSBuild target ran: then the end of the tests is the end of the run.
/// </summary>
[FriendlyName(LoggerParameters.FriendlyName)]
[ExtensionUri(LoggerConfiguration.Uri)]
public sealed class SyncStorageTestLogger : ITestLoggerWithParameters
{
    // VSTest hands this over with the user's parameters.
    private const string TargetFrameworkParameter = "TargetFramework";

    private readonly Warnings _warnings;
    private readonly Action<string> _console;
    private readonly LastWords _lastWords = new();
    private readonly Twins _twins = new();
    private Dictionary<string, string> _configuration = new(StringComparer.OrdinalIgnoreCase);
    private LoggerWorker? _worker;
    private OwnSession? _ownSession;
    private string _testRunId = "";
    private int _hasStarted;
    private int _hasCompleted;
    private long _sequence = -1;

    /// <summary>Called by VSTest.</summary>
    public SyncStorageTestLogger()
        : this(Console.WriteLine)
    {
    }

    internal SyncStorageTestLogger(Action<string> console)
    {
        _console = console;
        _warnings = new Warnings(Warn);
    }

    /// <inheritdoc />
    public void Initialize(TestLoggerEvents events, string testRunDirectory) => Initialize(events, []);

    /// <inheritdoc />
    public void Initialize(TestLoggerEvents events, Dictionary<string, string?> parameters) => Guarded("the logger could not start", () =>
    {
        _configuration = LoggerConfiguration.Of(parameters);
        events.TestRunStart += OnTestRunStart;
        events.TestRunMessage += OnTestRunMessage;
        events.TestResult += OnTestResult;
        events.TestRunComplete += OnTestRunComplete;
        _worker = LoggerParameters.SessionIn(_configuration) is { } session ? Attach(session) : Own();
    });

    internal void OnTestRunStart(object? sender, TestRunStartEventArgs e)
        => Guarded("the settings could not be read", () => StartOwnServer(e.TestRunCriteria.TestRunSettings));

    internal void OnTestRunMessage(object? sender, TestRunMessageEventArgs e)
        => Guarded("a message was not understood", () => _lastWords.Add(e.Level, e.Message));

    internal void OnTestResult(object? sender, TestResultEventArgs e) => Guarded("a result was not understood", () =>
    {
        // Counted even when it is not understood, so that numbers never depend on what came before.
        long sequence = Interlocked.Increment(ref _sequence);
        _worker?.Add(_twins.Number(MailedResults.Of(e.Result, DateTimeOffset.UtcNow)), sequence);
    });

    internal void OnTestRunComplete(object? sender, TestRunCompleteEventArgs e) => Guarded("the end of the tests was not understood", () =>
    {
        if (_worker is not { } worker || Interlocked.Exchange(ref _hasCompleted, 1) != 0)
        {
            return;
        }

        worker.Complete(e.IsAborted || e.IsCanceled || e.Error is not null, _lastWords.Text ?? e.Error?.Message);
        if (_ownSession is null)
        {
            _console(worker.Summary(_testRunId));
            return;
        }

        StartOwnServer(runSettings: null);
        // Off VSTest's thread, which may have a context.
        Task.Run(() => EndAsync(worker, _ownSession)).GetAwaiter().GetResult();
    });

    private LoggerWorker Attach(string session)
    {
        string pid = _configuration.TryGetValue(LoggerParameters.Worker, out string? given) ? given : "";
        MailAddress address = MailAddress.Read(session, pid) ?? throw new InvalidOperationException($"the session '{session}' is over, or knows no worker '{pid}'");
        _testRunId = address.TestRunId;
        return new LoggerWorker(address, pid, _warnings);
    }

    private LoggerWorker Own()
    {
        _configuration.TryGetValue(TargetFrameworkParameter, out string? framework);
        _ownSession = OwnSession.Create(TestConsole.Self(), TestFrameworkName.ToShort(framework) ?? "");
        return new LoggerWorker(_ownSession.Address, _ownSession.Worker, _warnings);
    }

    /// <summary>Once, with the settings that the start of the tests brings; at the latest when they end.</summary>
    private void StartOwnServer(string? runSettings)
    {
        if (_ownSession is not null && Interlocked.Exchange(ref _hasStarted, 1) == 0)
        {
            LoggerConfiguration.AddFromRunSettings(_configuration, runSettings);
            _ownSession.StartServer(_configuration);
        }
    }

    private async Task EndAsync(LoggerWorker worker, OwnSession session)
    {
        // By now the server has found out the run's id, or has not started at all.
        string testRunId = session.Resolved?.TestRunId ?? "";
        IReadOnlyList<string> said = await session.EndAsync().ConfigureAwait(false);
        if (said.Count > 0)
        {
            _console(worker.Summary(testRunId));
        }

        foreach (string line in said)
        {
            _console(line);
        }
    }

    private void Guarded(string trouble, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            // An exception of ours would fail the user's run.
            _warnings.Warn(trouble, e);
        }
    }

    private void Warn(string text)
    {
        EqtTrace.Warning(text);
        _console("Sync Storage: " + text);
    }
}

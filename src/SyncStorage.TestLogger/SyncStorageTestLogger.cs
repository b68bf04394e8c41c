using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Client;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Logging;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.TestLogger;

/// <summary>
/// VSTest logger of Sync Storage. A guest in vstest.console: every handler only converts and enqueues, nothing is ever thrown,
/// and only the end of the tests waits, with a deadline.
/// </summary>
[FriendlyName(GuestConfiguration.FriendlyName)]
[ExtensionUri(GuestConfiguration.LoggerUri)]
public sealed class SyncStorageTestLogger : ITestLoggerWithParameters
{
    // VSTest hands this over with the user's parameters.
    private const string TargetFrameworkParameter = "TargetFramework";

    private readonly object _joining = new();
    private readonly GuestWarnings _warnings;
    private readonly OutboxLimits _limits;
    private readonly Action<string> _console;
    private Dictionary<string, string> _configuration = new(StringComparer.OrdinalIgnoreCase);
    private GuestSession? _guest;
    private LoggerWorker? _worker;
    private bool _hasJoined;
    private bool _hasCompleted;
    private long _sequence = -1;

    /// <summary>Called by VSTest.</summary>
    public SyncStorageTestLogger()
        : this(Console.WriteLine, new OutboxLimits())
    {
    }

    internal SyncStorageTestLogger(Action<string> console, OutboxLimits limits)
    {
        _console = console;
        _limits = limits;
        _warnings = new GuestWarnings(Warn);
    }

    /// <inheritdoc />
    public void Initialize(TestLoggerEvents events, string testRunDirectory) => Initialize(events, []);

    /// <inheritdoc />
    public void Initialize(TestLoggerEvents events, Dictionary<string, string?> parameters) => Guarded("the logger could not start", () =>
    {
        _configuration = GuestConfiguration.Of(parameters);
        events.TestRunStart += OnTestRunStart;
        events.TestResult += OnTestResult;
        events.TestRunComplete += OnTestRunComplete;
        if (IsAttached)
        {
            // Not on this thread: VSTest goes on to start the test host meanwhile.
            Task.Run(PrepareAsync);
        }
    });

    internal void OnTestRunStart(object? sender, TestRunStartEventArgs e) => Guarded("the logger could not start", () =>
    {
        if (!IsAttached)
        {
            Join(e.TestRunCriteria.TestRunSettings);
        }
    });

    internal void OnTestResult(object? sender, TestResultEventArgs e) => Guarded("a result was not understood", () =>
    {
        // Counted even when we take no part, so that numbers never depend on when we joined.
        long sequence = Interlocked.Increment(ref _sequence);
        Join(runSettings: null)?.Add(ObservedResultMapper.Map(e.Result, sequence, DateTimeOffset.UtcNow));
    });

    internal void OnTestRunComplete(object? sender, TestRunCompleteEventArgs e) => Guarded("the end of the tests was not understood", () =>
    {
        LoggerWorker? worker = Join(runSettings: null);
        if (worker is null || _hasCompleted)
        {
            return;
        }

        _hasCompleted = true;
        // The one wait of this class: VSTest holds the end of the tests for us. Off its thread, which may have a context.
        Task.Run(() => CompleteAsync(worker, _guest!)).GetAwaiter().GetResult();
    });

    /// <summary>MSBuild has said everything already; otherwise the settings come with the start of the tests.</summary>
    private bool IsAttached => _configuration.ContainsKey(GuestConfiguration.Session);

    /// <summary>Before the first result comes: meets the server, and has everything compiled that a result needs.</summary>
    private async Task PrepareAsync()
    {
        if (!GuestConfiguration.MayWatch(_configuration) && _configuration.TryGetValue(GuestConfiguration.Worker, out string? pid))
        {
            WorkerRole.Write(_configuration[GuestConfiguration.Session], pid, watchesTests: false);
            await Task.Delay(_limits.StartDelay).ConfigureAwait(false);
        }

        Guarded("the logger could not start", () =>
        {
            if (Join(runSettings: null) is not null)
            {
                ObservedResultMapper.Map(new TestResult(new TestCase("Namespace.Class.Method", new Uri(GuestConfiguration.LoggerUri), "Tests.dll")), sequence: 0, DateTimeOffset.UtcNow);
            }
        });
    }

    private async Task CompleteAsync(LoggerWorker worker, GuestSession guest)
    {
        _console(await worker.CompleteAsync().ConfigureAwait(false));
        // VSTest need not wait for the connection to be closed.
        _ = Task.Run(() => Guarded("the connection to the server could not be closed", worker.Dispose));
        if (!guest.IsOwner)
        {
            return;
        }

        foreach (string note in guest.Session.ReadNotes())
        {
            _warnings.Warn(note);
        }

        var run = new RunFolder(guest.Worker.Directory, guest.Worker.TestRunId);
        if (await guest.LeaveAsync().ConfigureAwait(false) is { } problem)
        {
            _warnings.Warn(problem);
        }
        else if (Results.ReportSummary.Of(run) is { } summary)
        {
            _console(summary);
        }
    }

    /// <summary>Once, whichever event comes first. Null when we take no part.</summary>
    private LoggerWorker? Join(string? runSettings)
    {
        lock (_joining)
        {
            if (_hasJoined)
            {
                return _worker;
            }

            _hasJoined = true;
            Guarded("the logger could not start", () => _worker = Start(runSettings));
            return _worker;
        }
    }

    private LoggerWorker? Start(string? runSettings)
    {
        if (!IsAttached)
        {
            GuestConfiguration.AddFromRunSettings(_configuration, runSettings);
        }

        _configuration.TryGetValue(TargetFrameworkParameter, out string? framework);
        _guest = GuestSession.Join(_configuration, TestConsole.Self, TestFrameworkName.ToShort(framework));
        foreach (SettingProblem problem in _guest?.Problems ?? [])
        {
            _warnings.Warn($"{problem.Code}: {problem.Message}");
        }

        return _guest is null ? null : new LoggerWorker(_guest, _warnings, _limits);
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

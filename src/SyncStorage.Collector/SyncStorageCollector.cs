using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading.Tasks;
using System.Xml;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.DataCollection;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Collector;

/// <summary>
/// VSTest data collector of Sync Storage. A guest in datacollector: handlers only convert and hand on, nothing is ever
/// thrown, and only registering and the end of the session wait, both with a deadline.
/// </summary>
[DataCollectorFriendlyName(GuestConfiguration.FriendlyName)]
[DataCollectorTypeUri(GuestConfiguration.CollectorUri)]
public sealed class SyncStorageCollector : DataCollector
{
    private readonly CollectorTimings _timings;
    private readonly Func<TestConsole> _console;
    private readonly GuestWarnings _warnings;
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _started = new();
    private DataCollectionLogger? _logger;
    private DataCollectionContext? _context;
    private DataCollectionEvents? _events;
    private GuestSession? _guest;
    private CollectorWorker? _worker;
    private bool _hasCompleted;

    /// <summary>Called by VSTest.</summary>
    public SyncStorageCollector()
        : this(TestConsole.Parent, new CollectorTimings())
    {
    }

    internal SyncStorageCollector(Func<TestConsole> console, CollectorTimings timings)
    {
        _console = console;
        _timings = timings;
        _warnings = new GuestWarnings(Warn);
    }

    /// <inheritdoc />
    public override void Initialize(
        XmlElement? configurationElement,
        DataCollectionEvents events,
        DataCollectionSink dataSink,
        DataCollectionLogger logger,
        DataCollectionEnvironmentContext? environmentContext) => Guarded("the collector could not start", () =>
    {
        _events = events;
        _logger = logger;
        _context = environmentContext?.SessionDataCollectionContext;
        Dictionary<string, string> configuration = GuestConfiguration.Of(configurationElement);
        _guest = GuestSession.Join(configuration, _console);
        if (_guest is null)
        {
            return;
        }

        foreach (SettingProblem problem in _guest.Problems)
        {
            _warnings.Warn($"{problem.Code}: {problem.Message}");
        }

        var worker = new CollectorWorker(_guest, _warnings, _timings);
        _worker = worker;
        events.SessionEnd += OnSessionEnd;

        // VSTest asks right after this method whether anybody watches single tests, so the answer has to be waited for.
        if (Task.Run(worker.StartAsync).GetAwaiter().GetResult())
        {
            events.TestCaseStart += OnTestCaseStart;
            events.TestCaseEnd += OnTestCaseEnd;
        }
    });

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Guarded("the collector could not end", () =>
            {
                if (_events is not null)
                {
                    _events.SessionEnd -= OnSessionEnd;
                    _events.TestCaseStart -= OnTestCaseStart;
                    _events.TestCaseEnd -= OnTestCaseEnd;
                }

                _worker?.Dispose();
                _worker = null;
                _guest?.Dispose();
            });
        }

        base.Dispose(disposing);
    }

    private void OnTestCaseStart(object? sender, TestCaseStartEventArgs e) => Guarded("the start of a test was not understood", () =>
    {
        if (_worker is { WantsCut: true })
        {
            _started[e.TestCaseId] = DateTimeOffset.UtcNow;
        }
    });

    private void OnTestCaseEnd(object? sender, TestCaseEndEventArgs e) => Guarded("the end of a test was not understood", () =>
    {
        if (_worker is not { WantsCut: true } worker)
        {
            return;
        }

        DateTimeOffset startedOn = _started.TryRemove(e.TestCaseId, out DateTimeOffset seen) ? seen : DateTimeOffset.UtcNow;
        TestCase? test = e.TestElement;
        if (test is not null)
        {
            worker.Offer(ResultCutMapper.Map(test, e.TestOutcome, startedOn, _guest!.Worker));
            _started.Clear();
        }
    });

    private void OnSessionEnd(object? sender, SessionEndEventArgs e) => Guarded("the end of the session was not understood", () =>
    {
        if (_hasCompleted || _worker is null)
        {
            return;
        }

        _hasCompleted = true;
        Task.Run(CompleteAsync).GetAwaiter().GetResult();
    });

    private async Task CompleteAsync()
    {
        await _worker!.CompleteAsync().ConfigureAwait(false);
        if (!await _guest!.LeaveAsync().ConfigureAwait(false))
        {
            _warnings.Warn("SYNC0009: Sync Storage's server did not end in time and goes on in the background.");
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
        if (_context is not null)
        {
            _logger?.LogWarning(_context, text);
        }
    }
}

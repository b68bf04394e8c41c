using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
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

    // When which test case (a Guid) began (a DateTimeOffset). Boxed, because a dictionary of references is compiled already.
    private readonly ConcurrentDictionary<object, object> _started = new();
    private DataCollectionEvents? _events;
    private readonly object _gate = new();
    private Dictionary<string, string> _configuration = [];
    private Attachment? _attachment;
    private Task<bool>? _starting;
    private Timer? _soon;
    private GuestSession? _guest;
    private CollectorWorker? _worker;
    private FinishedTest? _early;
    private bool _hasCompleted;
    private bool _isOver;

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
        _configuration = GuestConfiguration.Of(configurationElement);
        _attachment = Attachment.In(_configuration);
        events.SessionEnd += OnSessionEnd;

        // VSTest asks right after this method whether anybody watches single tests. MSBuild has told the likely master's collector;
        // whoever starts the server himself has to wait for its answer.
        if (_attachment is null ? Begin().GetAwaiter().GetResult() : _attachment is { MayWatch: true, Watches: not false })
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

                lock (_gate)
                {
                    _soon?.Dispose();
                    _worker?.Dispose();
                    _worker = null;
                    _isOver = true;
                }

                _guest?.Dispose();
            });
        }

        base.Dispose(disposing);
    }

    /// <summary>Meets the server, once.</summary>
    private Task<bool> Begin()
    {
        lock (_gate)
        {
            return _starting ??= Task.Run(StartAsync);
        }
    }

    /// <summary>The tests go on, so that it is worth being faster than the logger. Unless the logger knows that we are not master.</summary>
    private void BeginIfWorthwhile() => Guarded("the collector could not start", () =>
    {
        lock (_gate)
        {
            if (!_isOver && _attachment?.Watches != false)
            {
                Begin();
            }
        }
    });

    private async Task<bool> StartAsync()
    {
        try
        {
            _guest = GuestSession.Join(_configuration, _console);
            if (_guest is null)
            {
                return false;
            }

            foreach (SettingProblem problem in _guest.Problems)
            {
                _warnings.Warn($"{problem.Code}: {problem.Message}");
            }

            var worker = new CollectorWorker(_guest, _warnings, _timings);
            bool watches = await worker.StartAsync().ConfigureAwait(false);
            lock (_gate)
            {
                if (_isOver)
                {
                    // The session ended meanwhile, and nobody would end this any more.
                    worker.Dispose();
                    _guest.Dispose();
                    return watches;
                }

                _worker = worker;
                if (_early is not null)
                {
                    Offer(worker, _early);
                }
            }

            return watches;
        }
        catch (Exception e)
        {
            _warnings.Warn("the collector could not start", e);
            return false;
        }
    }

    private void OnTestCaseStart(object? sender, TestCaseStartEventArgs e) => Guarded("the start of a test was not understood", () =>
    {
        if (_worker is null or { WantsCut: true })
        {
            _started[e.TestCaseId] = DateTimeOffset.UtcNow;
        }
    });

    private void OnTestCaseEnd(object? sender, TestCaseEndEventArgs e) => Guarded("the end of a test was not understood", () =>
    {
        if (_worker is { WantsCut: false } || e.TestElement is not TestCase test)
        {
            return;
        }

        DateTimeOffset startedOn = _started.TryRemove(e.TestCaseId, out object? seen) ? (DateTimeOffset)seen : DateTimeOffset.UtcNow;
        var finished = new FinishedTest(test, e.TestOutcome, startedOn);
        lock (_gate)
        {
            if (_worker is null)
            {
                // Before our registration: it is offered as soon as that is through.
                _early ??= finished;
                _soon ??= new Timer(_ => BeginIfWorthwhile(), null, _timings.OfferDelay, Timeout.InfiniteTimeSpan);
            }
            else
            {
                Offer(_worker, finished);
            }
        }
    });

    private void Offer(CollectorWorker worker, FinishedTest finished)
    {
        if (worker.WantsCut && ResultCutMapper.Map(finished.Test, finished.Outcome, finished.StartedOn, _guest!.Worker) is { } cut)
        {
            worker.Offer(cut);
            _started.Clear();
        }
    }

    private void OnSessionEnd(object? sender, SessionEndEventArgs e) => Guarded("the end of the session was not understood", () =>
    {
        if (_hasCompleted)
        {
            return;
        }

        _hasCompleted = true;
        Task.Run(CompleteAsync).GetAwaiter().GetResult();
    });

    private async Task CompleteAsync()
    {
        Task<bool> starting;
        lock (_gate)
        {
            if (_starting is null && _attachment?.Watches is not null)
            {
                // A short session: its logger stands for the worker. Without one, somebody has to say that there is a worker.
                _isOver = true;
                return;
            }

            starting = Begin();
        }

        // Tests that end before we have met the server wait for it as long as for an answer, and not for its start.
        await Task.WhenAny(starting, Task.Delay(_timings.LastCallDeadline)).ConfigureAwait(false);
        CollectorWorker? worker;
        lock (_gate)
        {
            worker = _worker;
            _isOver = true;
        }

        if (worker is null)
        {
            if (!starting.IsCompleted)
            {
                _warnings.Warn(CollectorWorker.NotReached);
            }

            return;
        }

        await worker.CompleteAsync().ConfigureAwait(false);
        if (await _guest!.LeaveAsync().ConfigureAwait(false) is { } problem)
        {
            _warnings.Warn(problem);
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
        // Not to VSTest: under the terminal logger it makes a warning without a code of that, and -warnaserror an error. A broken attachment is
        // the logger's as well, which says so.
        if ((_guest?.Session.Directory ?? _attachment?.Session) is { } session)
        {
            Session.Note(session, text);
        }
    }

    /// <summary>Where MSBuild said whose collector this is.</summary>
    private sealed record Attachment(string Session, string Worker, bool MayWatch)
    {
        /// <summary>What the worker's logger has learned: whether single tests are to be watched; null while it has not met the server.</summary>
        public bool? Watches => WorkerRole.Read(Session, Worker);

        public static Attachment? In(Dictionary<string, string> configuration)
            => configuration.TryGetValue(GuestConfiguration.Session, out string? session) && configuration.TryGetValue(GuestConfiguration.Worker, out string? worker)
                ? new Attachment(session, worker, GuestConfiguration.MayWatch(configuration))
                : null;
    }

    private sealed record FinishedTest(TestCase Test, TestOutcome Outcome, DateTimeOffset StartedOn);
}

using System.Threading.Channels;
using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>
/// Publishes a run's results to Test IT. One loop decides what is sent when; the sending itself is <see cref="ResultSender"/>'s.
/// <list type="bullet">
/// <item>Nothing goes out before the held-back result is InProgress in Test IT, or <see cref="ReleaseOthers"/> said that there is none:
/// otherwise Test IT could close the run under the other results.</item>
/// <item>Results are collected for a moment, so that a thousand tests cost some forty requests, not four thousand.</item>
/// <item>When Test IT is away the results wait; at the deadline what is left is spooled.</item>
/// </list>
/// </summary>
internal sealed partial class TestItPublisher : IResultPublisher
{
    private readonly RunSettings _settings;
    private readonly IDeliveryLog _log;
    private readonly TimeProvider _time;
    private readonly TestItTiming _timing;
    private readonly TestItClient _client;
    private readonly TestItRun _run;
    private readonly ResultSender _sender;
    private readonly ShipmentMaker _maker;
    private readonly OutageGate _outage;
    private readonly CancellationTokenSource _lifetime = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Task _loop;

    /// <summary>What callers handed over and the loop has not looked at; guarded by itself.</summary>
    private readonly Queue<(StoredResult Stored, bool Delivered)> _arrived = [];

    /// <summary>The same for the held-back result, which goes before all others; guarded by <see cref="_arrived"/>.</summary>
    private readonly Queue<(StoredResult Stored, bool Delivered)> _arrivedHeld = [];

    /// <summary>Nothing more is sent, whatever comes.</summary>
    private volatile bool _hasStopped;

    private volatile bool _hurried;
    private volatile bool _released;
    private volatile bool _completing;

    /// <summary>Set when the loop has ended because nothing more can be sent.</summary>
    private RunUnusableException? _unusable;
    private int _disposed;

    public TestItPublisher(RunSettings settings, string privateToken, IDeliveryLog log, TimeProvider time, string? knownTestRunId)
        : this(settings, privateToken, log, time, knownTestRunId, new TestItTiming())
    {
    }

    /// <param name="knownTestRunId">Mode 2 after a restart: the run that was created before.</param>
    internal TestItPublisher(RunSettings settings, string privateToken, IDeliveryLog log, TimeProvider time, string? knownTestRunId, TestItTiming timing)
    {
        _settings = settings;
        _log = log;
        _time = time;
        _timing = timing;
        _collect = timing.Collect;
        _client = TestItClient.For(settings, privateToken, timing, time);
        _run = new TestItRun(_client, settings, knownTestRunId, log.RunCreated, log.Notice);
        var registry = new RowRegistry();
        _sender = new ResultSender(_client, _run, registry, new AutoTestCatalog(_client, settings, log.Notice), new FileUploader(_client, log.Notice), settings, log);
        _maker = new ShipmentMaker(settings, registry, log);
        _outage = new OutageGate(settings.Url!, timing, time, log.Notice);
        _loop = Task.Run(RunAsync);
    }

    public string? TestRunId => _run.Id;

    public string? TestRunUrl => _run.Url;

    public PublisherStanding Standing => new()
    {
        HasGivenUp = _hasStopped,
        SendsAtTheEnd = !_settings.ImportRealtime && _run.Id is not null,
        Held = _held.Indices,
    };

    public void Publish(StoredResult result, bool held) => Hand(result, held, delivered: false);

    /// <summary>After a restart: a result that an earlier process delivered. Its row is taken, and further attempts of its test go there.</summary>
    public void Restore(StoredResult delivered) => Hand(delivered, held: false, delivered: true);

    public void Hurry(bool hurried)
    {
        bool isNew = hurried && !_hurried;
        _hurried = hurried;
        if (isNew)
        {
            Wake();
        }
    }

    public void ReleaseOthers()
    {
        _released = true;
        Wake();
    }

    public async Task<bool> CompleteAsync(TestResultCut? held, CancellationToken deadline)
    {
        try
        {
            _completing = true;
            Wake();
            using (deadline.Register(() => _lifetime.Cancel()))
            {
                await _loop.ConfigureAwait(false);
            }

            return await FinishAsync(held, deadline).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _log.Notice(Diagnostic.Detail($"Completing the test run in Test IT failed: {e}"));
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        await _lifetime.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _sender.Dispose();
        _client.Dispose();
        _lifetime.Dispose();
    }

    private void Hand(StoredResult result, bool held, bool delivered)
    {
        lock (_arrived)
        {
            (held ? _arrivedHeld : _arrived).Enqueue((result, delivered));
        }

        Wake();
    }

    private void Wake() => _signal.Writer.TryWrite(true);

    private async Task RunAsync()
    {
        CancellationToken lifetime = _lifetime.Token;
        try
        {
            await OpenAsync(lifetime).ConfigureAwait(false);
            while (!IsDone())
            {
                await TakeArrivedAsync(MostLookedAt, lifetime).ConfigureAwait(false);
                await HoldAsync(lifetime).ConfigureAwait(false);
                await DispatchAsync(lifetime).ConfigureAwait(false);
                await WaitAsync(lifetime).ConfigureAwait(false);
            }
        }
        catch (RunUnusableException e)
        {
            await Task.WhenAll(_inFlight).ConfigureAwait(false);
            _hasStopped = true;
            await ReconcileAsync(e, lifetime).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
        {
            // The deadline, or nobody is interested any more: what is left is spooled by FinishAsync.
        }
        catch (Exception e)
        {
            // A mistake of ours must not take the server down with it; the results are safe in the store.
            GiveUp(RunUnusableException.Bug(e));
        }

        await Task.WhenAll(_inFlight).ConfigureAwait(false);
    }

    private async Task OpenAsync(CancellationToken lifetime)
    {
        while (true)
        {
            try
            {
                await _run.OpenAsync(lifetime).ConfigureAwait(false);
                if (!_run.IsNew)
                {
                    await _sender.LoadExistingAsync(lifetime).ConfigureAwait(false);
                }

                _outage.Succeeded();
                _log.Notice(Diagnostic.Detail($"Test run in Test IT: {_run.Url}"));
                return;
            }
            catch (TestItException e) when (e.Error == TestItError.TokenRefused)
            {
                throw RunUnusableException.TokenRefused(_settings, e);
            }
            catch (TestItException e) when (e.Error == TestItError.OverBounds)
            {
                throw RunUnusableException.OverBounds(_settings, e);
            }
            catch (TestItException e) when (!e.IsTransient)
            {
                throw RunUnusableException.Denied(_settings, e);
            }
            catch (TestItException e)
            {
                _outage.Failed(e);
                await Task.Delay(_outage.Pause, _time, lifetime).ConfigureAwait(false);
            }
        }
    }

    private async Task DelayOrSignalAsync(TimeSpan? wait, CancellationToken lifetime)
    {
        using var timeout = wait is { } limit ? new CancellationTokenSource(limit, _time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(lifetime, timeout.Token);
        try
        {
            await _signal.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!lifetime.IsCancellationRequested)
        {
            // The time is up.
        }
    }

    private void GiveUp(RunUnusableException e)
    {
        _unusable = e;
        _hasStopped = true;
        if (e.IsForGood)
        {
            _log.Refused(e.Diagnostic);
        }
        else
        {
            _log.Notice(e.Diagnostic);
        }
    }
}

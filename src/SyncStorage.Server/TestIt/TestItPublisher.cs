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
internal sealed class TestItPublisher : IResultPublisher
{
    private readonly RunSettings _settings;
    private readonly IDeliveryLog _log;
    private readonly TimeProvider _time;
    private readonly TestItClient _client;
    private readonly TestItRun _run;
    private readonly RowAdoption _rows;
    private readonly AutoTestCatalog _catalog;
    private readonly ResultSender _sender;
    private readonly ShipmentMaker _maker;
    private readonly OutageGate _outage;
    private readonly SendQueue _queue;
    private readonly SendGate _gate;
    private readonly HeldResult _held = new();
    private readonly PublisherEnd _end;
    private readonly CancellationTokenSource _lifetime = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<Task> _inFlight = [];
    private readonly Task _loop;

    /// <summary>Nothing more is sent, whatever comes.</summary>
    private volatile bool _hasStopped;

    /// <summary>What a batch found out about the run: the loop ends with it.</summary>
    private volatile RunUnusableException? _stop;
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
        _client = TestItClient.For(settings, privateToken, timing, time);
        _run = new TestItRun(_client, settings, knownTestRunId, log.RunCreated, log.Notice);
        var registry = new RowRegistry();
        var tally = new DeliveryTally(log);
        _rows = new RowAdoption(_client, _run, registry, settings, tally);
        _catalog = new AutoTestCatalog(_client, settings, log.Notice);
        _sender = new ResultSender(_client, _run, registry, _rows, tally, _catalog, new FileUploader(_client, log.Notice), settings);
        _maker = new ShipmentMaker(settings, registry, log);
        _outage = new OutageGate(settings.Url!, timing, time, log.Notice);
        _queue = new SendQueue(_maker, _held, time);
        _gate = new SendGate(settings, timing, _queue, _held, _outage);
        var ending = new RunEnding(_client, settings, _run, _held, new Persistence(_client, settings, _outage, time, log), log);
        _end = new PublisherEnd(settings, _run, _queue, _held, _maker, _rows, tally, ending, log);
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

    public void Publish(StoredResult result, bool held)
    {
        _queue.Add(result, held, delivered: false);
        Wake();
    }

    /// <summary>After a restart: a result that an earlier process delivered. Its row is taken, and further attempts of its test go there.</summary>
    public void Restore(StoredResult delivered)
    {
        _queue.Add(delivered, isHeld: false, delivered: true);
        Wake();
    }

    public void Hurry(bool hurried)
    {
        if (_gate.Hurry(hurried))
        {
            Wake();
        }
    }

    public void ReleaseOthers()
    {
        _gate.Release();
        Wake();
    }

    public async Task<bool> CompleteAsync(TestResultCut? held, CancellationToken deadline)
    {
        try
        {
            _gate.Complete();
            Wake();
            using (deadline.Register(() => _lifetime.Cancel()))
            {
                await _loop.ConfigureAwait(false);
            }

            return await _end.FinishAsync(held, deadline).ConfigureAwait(false);
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
        _catalog.Dispose();
        _rows.Dispose();
        _client.Dispose();
        _lifetime.Dispose();
    }

    private void Wake() => _signal.Writer.TryWrite(true);

    private async Task RunAsync()
    {
        CancellationToken lifetime = _lifetime.Token;
        try
        {
            await new RunOpening(_settings, _run, _rows, _outage, _time, _log).OpenAsync(lifetime).ConfigureAwait(false);
            // Completing first: what is handed over before it is in the queue by then.
            while (!_gate.IsCompleting || !_queue.IsEmpty)
            {
                await _queue.TakeArrivedAsync(SendGate.MaxLookedAt, lifetime).ConfigureAwait(false);
                await HoldAsync(lifetime).ConfigureAwait(false);
                await DispatchAsync(lifetime).ConfigureAwait(false);
                await WaitAsync(lifetime).ConfigureAwait(false);
            }
        }
        catch (RunUnusableException e)
        {
            await Task.WhenAll(_inFlight).ConfigureAwait(false);
            _hasStopped = true;
            await _end.ReconcileAsync(e, _gate.Completing, lifetime).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
        {
            // The deadline, or nobody is interested any more: what is left is spooled at the end.
        }
        catch (Exception e)
        {
            _hasStopped = true;
            _end.GiveUp(RunUnusableException.Bug(e));
        }

        await Task.WhenAll(_inFlight).ConfigureAwait(false);
    }

    /// <summary>The held-back result goes out alone and first; nothing else is sent until Test IT has it.</summary>
    private async Task HoldAsync(CancellationToken lifetime)
    {
        if (_held.Waiting is not { } waiting || _outage.Pause > TimeSpan.Zero)
        {
            return;
        }

        try
        {
            Shipment? shipment = await _maker.MakeAsync([waiting], lifetime).ConfigureAwait(false);
            if (shipment is not null)
            {
                await _sender.HoldAsync(shipment, lifetime).ConfigureAwait(false);
                _outage.Succeeded();
            }

            // Refused or unreadable: the run goes on without a held-back result, which is better than not at all.
            _held.Settle(waiting, shipment is { Done: false } ? shipment : null);
            _maker.Drop([waiting]);
        }
        catch (TestItException e)
        {
            _outage.Failed(e);
        }
    }

    private async Task DispatchAsync(CancellationToken lifetime)
    {
        _inFlight.RemoveAll(task => task.IsCompleted);
        ThrowIfUnusable();
        while (_gate.TimeUntilNextBatch() == TimeSpan.Zero)
        {
            List<Shipment> batch = await _queue.ComposeAsync(lifetime).ConfigureAwait(false);
            if (batch.Count > 0)
            {
                _gate.Sent(batch.Count);
                _inFlight.Add(Task.Run(() => SendAsync(batch, lifetime), CancellationToken.None));
            }

            ThrowIfUnusable();
        }
    }

    private async Task SendAsync(List<Shipment> batch, CancellationToken lifetime)
    {
        try
        {
            await _sender.SendAsync(batch, lifetime).ConfigureAwait(false);
            _outage.Succeeded();
        }
        catch (TestItException e)
        {
            _outage.Failed(e);
        }
        catch (RunUnusableException e)
        {
            _stop ??= e;
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
        {
            // The deadline: what was not sent is taken back below and spooled.
        }
        catch (Exception e)
        {
            _stop ??= RunUnusableException.Bug(e);
        }

        _queue.TakeBack(batch);
        Wake();
    }

    private void ThrowIfUnusable()
    {
        if (_stop is { } reason)
        {
            throw reason;
        }
    }

    private async Task WaitAsync(CancellationToken lifetime)
    {
        ThrowIfUnusable();
        TimeSpan? wait = _gate.TimeUntilNextLook();
        if (wait == TimeSpan.Zero || (_gate.IsCompleting && _queue.IsEmpty))
        {
            return;
        }

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
}

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Server.TestIt.Content;
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
    private const int BatchesInFlight = 4;

    /// <summary>Characters of one batch: a request stays near a megabyte.</summary>
    private const int LargestBatch = 1024 * 1024;

    /// <summary>Characters of bodies that are kept between the first look at a result and its sending; the others are read twice.</summary>
    private const int MostKept = 8 * 1024 * 1024;

    private readonly RunSettings _settings;
    private readonly IDeliveryLog _log;
    private readonly TimeProvider _time;
    private readonly TestItTiming _timing;
    private readonly TestItClient _client;
    private readonly TestItRun _run;
    private readonly ResultSender _sender;
    private readonly RowRegistry _registry = new();
    private readonly ParameterNames _names = new();
    private readonly ResultQueue _queue = new();
    private readonly HeldResult _held = new();
    private readonly CancellationTokenSource _lifetime = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<Task> _inFlight = [];
    private readonly Task _loop;

    // Handed over by callers, taken by the loop; guarded by _arrived itself.
    private readonly Queue<(StoredResult Stored, bool Held, bool Delivered)> _arrived = [];

    private volatile bool _released;
    private volatile bool _completing;
    private volatile RunUnusableException? _unusable;
    private PendingResult? _heldWaiting;
    private bool _heldRejected;
    private bool _hasFailed;
    private bool _isOut;
    private bool _hasToldOutage;
    private bool _isReconciled;
    private DateTimeOffset _pausedUntil;
    private DateTimeOffset? _waitingSince;
    private TimeSpan _collect;
    private int _failures;
    private int _underWay;
    private int _kept;
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
        _client = new TestItClient(settings.Url!, privateToken, settings.CertValidation, timing, time);
        _run = new TestItRun(_client, settings, knownTestRunId, log.RunCreated, log.Notice);
        _sender = new ResultSender(_client, _run, _registry, new AutoTestCatalog(_client, settings, log.Notice), new FileUploader(_client, log.Notice), settings, log);
        _loop = Task.Run(RunAsync);
    }

    public string? TestRunId => _run.Id;

    public string? TestRunUrl => _run.Url;

    public void Publish(StoredResult result, bool held) => Hand(result, held, delivered: false);

    /// <summary>After a restart: a result that an earlier process delivered. Its row is taken, and further attempts of its test go there.</summary>
    public void Restore(StoredResult delivered) => Hand(delivered, held: false, delivered: true);

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
            _log.Notice(null, $"Completing the test run in Test IT failed: {e}");
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
            _arrived.Enqueue((result, held, delivered));
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
                await TakeArrivedAsync(lifetime).ConfigureAwait(false);
                await HoldAsync(lifetime).ConfigureAwait(false);
                await DispatchAsync(lifetime).ConfigureAwait(false);
                await WaitAsync(lifetime).ConfigureAwait(false);
            }
        }
        catch (RunUnusableException e)
        {
            await ReconcileAsync(e, lifetime).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
        {
            // The deadline, or nobody is interested any more: what is left is spooled by FinishAsync.
        }
        catch (Exception e)
        {
            // A mistake of ours must not take the server down with it; the results are safe in the store.
            GiveUp(new RunUnusableException("SYNC0010", $"Publishing to Test IT stopped: {e}", e));
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

                Succeeded();
                _log.Notice(null, $"Test run in Test IT: {_run.Url}");
                return;
            }
            catch (TestItException e) when (e.Error == TestItError.TokenRefused)
            {
                throw RunUnusableException.TokenRefused(_settings, e);
            }
            catch (TestItException e) when (!e.IsTransient)
            {
                throw new RunUnusableException("SYNC0012", $"Test IT at {_settings.Url} does not let us into test run {_settings.TestRunId}: {e.Message}", e);
            }
            catch (TestItException e)
            {
                Failed(e);
                await DelayAsync(_pausedUntil - _time.GetUtcNow(), lifetime).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Nothing can be sent any more. Results that may have arrived before we were killed are looked up all the same: a run that is
    /// over can be read, and what is in it must not stay counted as missing.
    /// </summary>
    private async Task ReconcileAsync(RunUnusableException reason, CancellationToken lifetime)
    {
        try
        {
            if (reason.Code == RunUnusableException.OverCode && !_run.IsNew)
            {
                _log.Notice(null, reason.Message);
                while (!_completing)
                {
                    await DelayOrSignalAsync(null, lifetime).ConfigureAwait(false);
                }

                await TakeArrivedAsync(lifetime).ConfigureAwait(false);
                List<PendingResult> unclear;
                lock (_queue)
                {
                    unclear = _queue.TakeAll().ToList();
                }

                if (_heldWaiting is not null)
                {
                    unclear.Add(_heldWaiting);
                    _heldWaiting = null;
                }

                foreach (PendingResult item in unclear)
                {
                    if (item.UnclearSince is null
                        || await ShipAsync([item], lifetime).ConfigureAwait(false) is not { } shipment
                        || !await _sender.HasArrivedAsync(shipment, lifetime).ConfigureAwait(false))
                    {
                        lock (_queue)
                        {
                            _queue.Add(item);
                        }
                    }
                }

                lock (_queue)
                {
                    if (_queue.Waiting == 0 && unclear.Count > 0)
                    {
                        _log.Notice(null, $"Test run {_settings.TestRunId} is over and has everything already.");
                        _isReconciled = true;
                        return;
                    }
                }
            }
        }
        catch (Exception e) when (e is TestItException or OperationCanceledException)
        {
            _log.Notice(null, $"What the test run already has could not be looked up: {e.Message}");
        }

        GiveUp(reason);
    }

    /// <summary>Everything was sent and nothing will come: the run completes.</summary>
    private bool IsDone()
    {
        bool nothingNew;
        lock (_arrived)
        {
            nothingNew = _arrived.Count == 0;
        }

        lock (_queue)
        {
            return _completing && nothingNew && _queue.Waiting == 0 && _underWay == 0 && _heldWaiting is null;
        }
    }

    private async Task TakeArrivedAsync(CancellationToken lifetime)
    {
        while (true)
        {
            (StoredResult Stored, bool Held, bool Delivered) next;
            lock (_arrived)
            {
                if (!_arrived.TryDequeue(out next))
                {
                    return;
                }
            }

            ObservedResult? body = await ReadAsync(next.Stored, lifetime).ConfigureAwait(false);
            if (body is null)
            {
                continue;
            }

            var pending = new PendingResult(
                next.Stored,
                Fingerprint.Of(ExternalIdOf(body)),
                RowRegistry.KeyOf(next.Stored, body));
            if (next.Delivered)
            {
                ResultContent content = Map(body);
                Row row = _registry.Claim(pending.Row, next.Stored, body, content);
                row.Exists = true;
                row.SentDurationMs += content.DurationMs;
                continue;
            }

            if (next.Held && _heldWaiting is null && _held.Posted is null && !_heldRejected)
            {
                pending.Body = body;
                _heldWaiting = pending;
                continue;
            }

            int size = SizeOf(body);
            if (_kept + size <= MostKept)
            {
                _kept += size;
                pending.Body = body;
            }

            lock (_queue)
            {
                _queue.Add(pending);
                _waitingSince ??= _time.GetUtcNow();
            }
        }
    }

    /// <summary>The held-back result goes out alone and first; nothing else is sent until Test IT has it.</summary>
    private async Task HoldAsync(CancellationToken lifetime)
    {
        if (_heldWaiting is null || _time.GetUtcNow() < _pausedUntil)
        {
            return;
        }

        try
        {
            Shipment shipment = await ShipAsync([_heldWaiting], lifetime).ConfigureAwait(false) ?? throw new InvalidOperationException("The held-back result has no body.");
            await _sender.HoldAsync(shipment, lifetime).ConfigureAwait(false);
            Succeeded();
            if (shipment.Done)
            {
                // Refused: the run goes on without a held-back result, which is better than not at all.
                _heldRejected = true;
            }
            else
            {
                _held.Posted = shipment;
                _held.Items.Add(_heldWaiting);
                _heldWaiting.Body = null;
            }

            _heldWaiting = null;
        }
        catch (TestItException e)
        {
            Failed(e);
        }
    }

    private bool MayOthersGo => _held.Posted is not null || _heldRejected || ((_released || _completing) && _heldWaiting is null);

    private async Task DispatchAsync(CancellationToken lifetime)
    {
        _inFlight.RemoveAll(task => task.IsCompleted);
        while (ShouldSendNow())
        {
            List<Shipment> batch = await ComposeAsync(lifetime).ConfigureAwait(false);
            if (batch.Count == 0)
            {
                continue;
            }

            bool isFull = batch.Count >= TestItClient.MostPerRequest;
            if (!isFull && !_completing)
            {
                // The longer a run lasts, the longer its results may be collected.
                _collect = TimeSpan.FromTicks(Math.Min(_collect.Ticks * 3 / 2, _timing.LongestCollect.Ticks));
            }

            lock (_queue)
            {
                _underWay++;
            }

            _inFlight.Add(Task.Run(() => SendAsync(batch, lifetime), CancellationToken.None));
        }
    }

    private bool ShouldSendNow()
    {
        if (_unusable is not null)
        {
            throw _unusable;
        }

        lock (_queue)
        {
            if (_queue.Ready == 0 || !MayOthersGo || _time.GetUtcNow() < _pausedUntil || _underWay >= (_hasFailed ? 1 : BatchesInFlight))
            {
                return false;
            }

            if (_completing)
            {
                return true;
            }

            return _settings.ImportRealtime
                && (_queue.Ready >= TestItClient.MostPerRequest || _time.GetUtcNow() - _waitingSince >= _collect);
        }
    }

    private async Task<List<Shipment>> ComposeAsync(CancellationToken lifetime)
    {
        var batch = new List<Shipment>();
        int size = 0;
        while (batch.Count < TestItClient.MostPerRequest && size < LargestBatch)
        {
            List<PendingResult>? items;
            lock (_queue)
            {
                items = _queue.Take();
            }

            if (items is null)
            {
                break;
            }

            Shipment? shipment = await ShipAsync(items, lifetime).ConfigureAwait(false);
            if (shipment is null)
            {
                Release(items);
                continue;
            }

            size += SizeOf(shipment.Last);
            if (shipment.Row.Held)
            {
                // A further attempt of the held-back test: it stays InProgress, the last outcome counts at the end.
                shipment.Row.SentDurationMs += _held.Retried is null ? 0 : _held.Retried.DurationMs;
                _held.Retried = shipment;
                _held.Items.AddRange(items);
                Release(items);
                continue;
            }

            batch.Add(shipment);
        }

        lock (_queue)
        {
            _waitingSince = _queue.Waiting > 0 ? _time.GetUtcNow() : null;
        }

        return batch;
    }

    private async Task SendAsync(List<Shipment> batch, CancellationToken lifetime)
    {
        try
        {
            await _sender.SendAsync(batch, lifetime).ConfigureAwait(false);
            Succeeded();
        }
        catch (TestItException e)
        {
            Failed(e);
        }
        catch (RunUnusableException e)
        {
            GiveUp(e);
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
        {
            // The deadline: what was not sent is returned below and spooled.
        }
        catch (Exception e)
        {
            GiveUp(new RunUnusableException("SYNC0010", $"Publishing to Test IT stopped: {e}", e));
        }

        lock (_queue)
        {
            _underWay--;
            foreach (Shipment shipment in batch)
            {
                if (shipment.Done)
                {
                    _queue.Release(shipment.Items[0].AutoTest);
                    Drop(shipment.Items);
                }
                else
                {
                    _queue.Return(shipment.Items);
                    _waitingSince ??= _time.GetUtcNow();
                }
            }
        }

        Wake();
    }

    private async Task WaitAsync(CancellationToken lifetime)
    {
        if (_unusable is not null)
        {
            throw _unusable;
        }

        DateTimeOffset now = _time.GetUtcNow();
        TimeSpan? wait = null;
        if (_pausedUntil > now)
        {
            wait = _pausedUntil - now;
        }
        else if (_heldWaiting is not null)
        {
            wait = TimeSpan.Zero;
        }
        else
        {
            lock (_queue)
            {
                if (_waitingSince is { } since && _queue.Ready > 0 && MayOthersGo && !_completing && _settings.ImportRealtime && _underWay < BatchesInFlight)
                {
                    wait = since + _collect - now;
                }
            }
        }

        lock (_arrived)
        {
            if (_arrived.Count > 0 && wait is null)
            {
                return;
            }
        }

        if (IsDone() || wait <= TimeSpan.Zero)
        {
            return;
        }

        await DelayOrSignalAsync(wait, lifetime).ConfigureAwait(false);
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

    private Task DelayAsync(TimeSpan wait, CancellationToken lifetime)
        => Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, _time, lifetime);

    private void Succeeded()
    {
        lock (_queue)
        {
            _failures = 0;
            _hasFailed = false;
            if (!_isOut)
            {
                return;
            }

            _isOut = false;
        }

        _log.Notice(null, $"Test IT at {_settings.Url} answers again.");
    }

    private void Failed(TestItException e)
    {
        bool isNew;
        lock (_queue)
        {
            // Test IT is away for all of us at once: one diagnostic for the user, the others are lines of the log.
            isNew = !_hasToldOutage;
            _hasToldOutage = true;
            _failures++;
            _hasFailed = true;
            double seconds = Math.Min(_timing.FirstDelay.TotalSeconds * Math.Pow(2, Math.Min(_failures, 10)), _timing.LongestDelay.TotalSeconds);
            TimeSpan pause = TimeSpan.FromSeconds(seconds * (0.75 + (Random.Shared.NextDouble() / 2)));
            if (e.RetryAfter is { } wanted && wanted > pause)
            {
                pause = wanted < _timing.LongestRetryAfter ? wanted : _timing.LongestRetryAfter;
            }

            _pausedUntil = _time.GetUtcNow() + pause;
            _isOut = true;
        }

        _log.Notice(isNew ? "SYNC0010" : null, isNew
            ? $"Test IT at {_settings.Url} (TMS_URL, url) cannot be reached: {e.Message} The results are kept and sent when it answers."
            : $"Test IT still cannot be reached: {e.Message}");
        Wake();
    }

    private void GiveUp(RunUnusableException e)
    {
        lock (_queue)
        {
            if (_unusable is not null)
            {
                return;
            }

            _unusable = e;
        }

        _log.Notice(e.Code, e.Message);
        Wake();
    }

    private async Task<bool> FinishAsync(TestResultCut? cut, CancellationToken deadline)
    {
        int spooled = SpoolRest();
        bool final = _isReconciled || (cut is null && _held.Posted is null);
        if (spooled == 0 && _unusable is null && _run.Id is not null && !deadline.IsCancellationRequested)
        {
            try
            {
                final = await FinalizeAsync(cut, deadline).ConfigureAwait(false);
                if (final || _heldRejected)
                {
                    await _run.CompleteAsync(deadline).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is TestItException or OperationCanceledException)
            {
                final = final && cut is null;
                _log.Notice(e is TestItException { Error: TestItError.TokenRefused } ? "SYNC0011" : "SYNC0010", $"The held-back result could not be finalized, or the test run not completed, in Test IT at {_settings.Url}: {e.Message}");
            }
        }

        if (_held.Items.Count > 0)
        {
            // A run whose held-back result is final may be closed at once, so it stays InProgress while others are spooled.
            foreach (PendingResult item in _held.Items)
            {
                _log.Delivered(item.Stored.Index, final ? Delivery.Sent : Delivery.Spooled, final ? null : _unusable?.Message);
            }

            spooled += final ? 0 : _held.Items.Count;
        }

        TellRest(spooled);
        return final;
    }

    private int SpoolRest()
    {
        List<PendingResult> rest;
        lock (_queue)
        {
            rest = _queue.TakeAll().ToList();
        }

        if (_heldWaiting is not null)
        {
            rest.Add(_heldWaiting);
            _heldWaiting = null;
        }

        List<long> indices = rest.Select(item => item.Stored.Index).ToList();
        lock (_arrived)
        {
            indices.AddRange(_arrived.Where(one => !one.Delivered).Select(one => one.Stored.Index));
            _arrived.Clear();
        }

        foreach (long index in indices)
        {
            _log.Delivered(index, Delivery.Spooled, _unusable?.Message);
        }

        return indices.Count;
    }

    private void TellRest(int spooled)
    {
        if (_sender.Rejected > 0)
        {
            _log.Notice("SYNC0014", $"Test IT rejected {_sender.Rejected} results, among them: {string.Join("; ", _sender.Reasons)}");
        }

        if (spooled > 0)
        {
            _log.Notice("SYNC0015", $"{spooled} results are not in Test IT yet; they are kept and sent by the next run or by 'dotnet msbuild -t:SyncStorageResend'.");
        }
    }

    private async Task<bool> FinalizeAsync(TestResultCut? cut, CancellationToken deadline)
    {
        if (_held.Posted is not { } posted)
        {
            // The slot was taken by a result that never came here (its logger died), or it was refused.
            return cut is null || (!_heldRejected && await new HeldResultFinalizer(_client, _settings, _run.Codes, _log.Notice).FinalizeAsync(_run.Id!, cut, deadline).ConfigureAwait(false));
        }

        SentStatus status = _held.Retried is { } retried ? _run.Codes.Of(retried.Content.Outcome)
            : cut is not null ? _run.Codes.Of(cut.StatusType, cut.StatusCode)
            : _run.Codes.Of(posted.Content.Outcome);
        // A row that we posted has its body; one of the plan, or one with a further attempt, gets it now. Never step results.
        ResultUpdateModel update = _held.Retried is { } last ? last.ToUpdate(status)
            : posted.Row.Adopted ? posted.ToUpdate(status)
            : new ResultUpdateModel { StatusType = status.Type, StatusCode = status.Code };
        return await HeldResultFinalizer.PutAndVerifyAsync(_client, _settings, _run.Id!, posted.Row.Id!, update, _log.Notice, deadline).ConfigureAwait(false);
    }

    private async Task<Shipment?> ShipAsync(List<PendingResult> items, CancellationToken lifetime)
    {
        var bodies = new List<ObservedResult>();
        foreach (PendingResult item in items)
        {
            if ((item.Body ?? await ReadAsync(item.Stored, lifetime).ConfigureAwait(false)) is { } body)
            {
                bodies.Add(body);
            }
        }

        if (bodies.Count == 0)
        {
            return null;
        }

        ResultContent content = Map(bodies[^1]);
        Row row = _registry.Claim(items[0].Row, items[0].Stored, bodies[^1], content);
        return new Shipment(items, bodies[^1], content, row, bodies.Sum(body => Math.Max(body.DurationMs, 0)), bodies.Min(body => body.StartedOn).UtcDateTime);
    }

    private async Task<ObservedResult?> ReadAsync(StoredResult stored, CancellationToken lifetime)
    {
        try
        {
            return await _log.ReadAsync(stored.Index, lifetime).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Text.Json.JsonException or InvalidOperationException or ArgumentException)
        {
            _log.Delivered(stored.Index, Delivery.Rejected, "its body cannot be read from the store: " + e.Message);
            return null;
        }
    }

    private ResultContent Map(ObservedResult body) => ResultContent.Of(body, _settings.ExternalId, _settings.IgnoreParameters, _names);

    /// <summary>Cheaper than the whole content: an id that holds placeholders needs it all the same.</summary>
    private string ExternalIdOf(ObservedResult body)
    {
        TestIdentity identity = TestIdentity.Of(body, _settings.ExternalId);
        return identity.IsTemplate ? Map(body).ExternalId : HtmlText.Clean(identity.ExternalId);
    }

    private void Release(List<PendingResult> items)
    {
        lock (_queue)
        {
            _queue.Release(items[0].AutoTest);
            Drop(items);
        }
    }

    private void Drop(IReadOnlyList<PendingResult> items)
    {
        foreach (PendingResult item in items.Where(item => item.Body is not null))
        {
            Interlocked.Add(ref _kept, -SizeOf(item.Body!));
            item.Body = null;
        }
    }

    private static int SizeOf(ObservedResult body)
        => 500 + (body.Message?.Length ?? 0) + (body.Trace?.Length ?? 0) + (body.StandardOutput?.Length ?? 0) + (body.StandardError?.Length ?? 0);
}

using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.TestIt;

// While the run goes on: what is sent next, and when.
internal sealed partial class TestItPublisher
{
    private const int BatchesInFlight = 4;

    /// <summary>Autotests that are ready to be sent; results beyond wait unread.</summary>
    private const int MostLookedAt = 2 * BatchesInFlight * TestItClient.MostPerRequest;

    /// <summary>Characters of one batch: a request stays near a megabyte.</summary>
    private const int LargestBatch = 1024 * 1024;

    /// <summary>Guards itself and the counters below: batches come back on other threads.</summary>
    private readonly ResultQueue _queue = new();
    private readonly List<Task> _inFlight = [];
    private readonly HeldResult _held = new();

    /// <summary>What a batch found out about the run: the loop ends with it.</summary>
    private volatile RunUnusableException? _stop;
    private int _underWay;
    private long? _waitingSince;
    private TimeSpan _collect;

    private bool MayOthersGo => _held.IsSettled || ((_released || _completing) && _held.Waiting is null);

    /// <summary>Everything was sent and nothing will come: the run completes.</summary>
    private bool IsDone()
    {
        lock (_arrived)
        {
            if (!_completing || _arrived.Count > 0 || _arrivedHeld.Count > 0)
            {
                return false;
            }
        }

        lock (_queue)
        {
            return _queue.Waiting == 0 && _underWay == 0 && _held.Waiting is null;
        }
    }

    /// <param name="most">Ready autotests at which to stop: what is not looked at costs next to no memory.</param>
    private async Task TakeArrivedAsync(int most, CancellationToken lifetime)
    {
        while (true)
        {
            Queue<(StoredResult Stored, bool Delivered)> source;
            (StoredResult Stored, bool Delivered) next;
            lock (_arrived)
            {
                source = _arrivedHeld.Count > 0 ? _arrivedHeld : _arrived;
                if (source.Count == 0 || (source == _arrived && ReadyCount() >= most))
                {
                    return;
                }

                // Stays in the queue while its body is read: a deadline in between must not lose it.
                next = source.Peek();
            }

            PendingResult? pending = null;
            if (next.Delivered)
            {
                await _maker.RestoreAsync(next.Stored, lifetime).ConfigureAwait(false);
            }
            else
            {
                pending = await _maker.LookAtAsync(next.Stored, lifetime).ConfigureAwait(false);
            }

            lock (_arrived)
            {
                source.Dequeue();
            }

            if (pending is not null && source == _arrivedHeld && _held is { Waiting: null, IsSettled: false })
            {
                _held.Waiting = pending;
            }
            else if (pending is not null)
            {
                lock (_queue)
                {
                    _queue.Add(pending);
                    _waitingSince ??= _time.GetTimestamp();
                }
            }
        }
    }

    private int ReadyCount()
    {
        lock (_queue)
        {
            return _queue.Ready;
        }
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
        while (ShouldSendNow())
        {
            List<Shipment> batch = await ComposeAsync(lifetime).ConfigureAwait(false);
            if (batch.Count == 0)
            {
                continue;
            }

            if (batch.Count < TestItClient.MostPerRequest && !_completing)
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
        ThrowIfUnusable();
        lock (_queue)
        {
            if (_queue.Ready == 0 || !MayOthersGo || _outage.Pause > TimeSpan.Zero || _underWay >= (_outage.IsFailing ? 1 : BatchesInFlight))
            {
                return false;
            }

            return _completing
                || (_settings.ImportRealtime && (_hurried || _queue.Ready >= TestItClient.MostPerRequest || (_waitingSince is { } since && _time.GetElapsedTime(since) >= _collect)));
        }
    }

    private async Task<List<Shipment>> ComposeAsync(CancellationToken lifetime)
    {
        var batch = new List<Shipment>();
        List<PendingResult>? items = null;
        try
        {
            int size = 0;
            while (batch.Count < TestItClient.MostPerRequest && size < LargestBatch)
            {
                lock (_queue)
                {
                    items = _queue.Take();
                }

                if (items is null)
                {
                    break;
                }

                Shipment? shipment = await _maker.MakeAsync(items, lifetime).ConfigureAwait(false);
                if (shipment is null || shipment.Row.Held)
                {
                    // A further attempt of the held-back test stays InProgress with it; the last outcome counts at the end.
                    if (shipment is not null)
                    {
                        _held.Retry(shipment);
                    }

                    Release(items);
                    continue;
                }

                size += ShipmentMaker.SizeOf(shipment.Last);
                batch.Add(shipment);
            }
        }
        catch (OperationCanceledException)
        {
            lock (_queue)
            {
                batch.ForEach(shipment => _queue.Return(shipment.Items));
                if (items is not null)
                {
                    _queue.Return(items);
                }
            }

            throw;
        }

        lock (_queue)
        {
            _waitingSince = _queue.Waiting > 0 ? _time.GetTimestamp() : null;
        }

        return batch;
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
            // The deadline: what was not sent is returned below and spooled.
        }
        catch (Exception e)
        {
            _stop ??= RunUnusableException.Bug(e);
        }

        lock (_queue)
        {
            _underWay--;
            foreach (Shipment shipment in batch)
            {
                if (shipment.Done)
                {
                    _queue.Release(shipment.Items[0].AutoTest);
                    _maker.Drop(shipment.Items);
                }
                else
                {
                    _queue.Return(shipment.Items);
                    _waitingSince ??= _time.GetTimestamp();
                }
            }
        }

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
        TimeSpan? wait = HowLongToWait();
        if (wait != TimeSpan.Zero && !IsDone())
        {
            await DelayOrSignalAsync(wait, lifetime).ConfigureAwait(false);
        }
    }

    /// <returns>Null: until something happens.</returns>
    private TimeSpan? HowLongToWait()
    {
        if (_outage.Pause is { Ticks: > 0 } pause)
        {
            return pause;
        }

        // A pause may have run out since DispatchAsync looked: nobody would signal that, so look again instead of waiting.
        if (_held.Waiting is not null || ShouldSendNow())
        {
            return TimeSpan.Zero;
        }

        lock (_queue)
        {
            if (_waitingSince is not { } since || _queue.Ready == 0 || !MayOthersGo || _completing || !_settings.ImportRealtime || _underWay >= BatchesInFlight)
            {
                return null;
            }

            TimeSpan left = _collect - _time.GetElapsedTime(since);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    private void Release(List<PendingResult> items)
    {
        lock (_queue)
        {
            _queue.Release(items[0].AutoTest);
        }

        _maker.Drop(items);
    }
}

using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.TestIt;

/// <summary>
/// What waits to be sent: results as they were handed over, then, looked at, in the order of their autotests. Few are looked at in advance, since
/// what is not costs next to no memory. Callers hand over from any thread; only the publisher's loop takes.
/// </summary>
internal sealed class SendQueue(ShipmentMaker maker, HeldResult held, TimeProvider time)
{
    /// <summary>Characters of one batch: a request stays near a megabyte.</summary>
    private const int LargestBatch = 1024 * 1024;

    /// <summary>Handed over and not looked at; guarded by itself.</summary>
    private readonly Queue<(StoredResult Stored, bool Delivered)> _arrived = [];

    /// <summary>The same for the held-back result, which goes before all others; guarded by <see cref="_arrived"/>.</summary>
    private readonly Queue<(StoredResult Stored, bool Delivered)> _arrivedHeld = [];

    /// <summary>Guards itself and the fields below: batches come back on other threads.</summary>
    private readonly ResultQueue _queue = new();
    private int _batchesUnderWay;
    private long? _waitingSince;

    /// <param name="delivered">It is in Test IT already: only its row is taken.</param>
    public void Add(StoredResult result, bool isHeld, bool delivered)
    {
        lock (_arrived)
        {
            (isHeld ? _arrivedHeld : _arrived).Enqueue((result, delivered));
        }
    }

    /// <summary>Nothing waits and nothing is under way.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_arrived)
            {
                if (_arrived.Count > 0 || _arrivedHeld.Count > 0)
                {
                    return false;
                }
            }

            lock (_queue)
            {
                return _queue.Waiting == 0 && _batchesUnderWay == 0 && held.Waiting is null;
            }
        }
    }

    /// <summary>Autotests that a batch could be made of now, batches under way, and how long the first of what waits has waited (null: nothing does).</summary>
    public (int Ready, int BatchesUnderWay, TimeSpan? Waited) Standing
    {
        get
        {
            lock (_queue)
            {
                return (_queue.Ready, _batchesUnderWay, _waitingSince is { } since ? time.GetElapsedTime(since) : null);
            }
        }
    }

    /// <param name="most">Ready autotests at which to stop.</param>
    public async Task TakeArrivedAsync(int most, CancellationToken lifetime)
    {
        while (true)
        {
            Queue<(StoredResult Stored, bool Delivered)> source;
            (StoredResult Stored, bool Delivered) next;
            lock (_arrived)
            {
                source = _arrivedHeld.Count > 0 ? _arrivedHeld : _arrived;
                if (source.Count == 0 || (source == _arrived && Standing.Ready >= most))
                {
                    return;
                }

                // Stays in the queue while its body is read: a deadline in between must not lose it.
                next = source.Peek();
            }

            PendingResult? pending = null;
            if (next.Delivered)
            {
                await maker.RestoreAsync(next.Stored, lifetime).ConfigureAwait(false);
            }
            else
            {
                pending = await maker.LookAtAsync(next.Stored, lifetime).ConfigureAwait(false);
            }

            lock (_arrived)
            {
                source.Dequeue();
            }

            if (pending is not null && source == _arrivedHeld && held is { Waiting: null, IsSettled: false })
            {
                held.Waiting = pending;
            }
            else if (pending is not null)
            {
                Add(pending);
            }
        }
    }

    public void Add(PendingResult pending)
    {
        lock (_queue)
        {
            _queue.Add(pending);
            _waitingSince ??= time.GetTimestamp();
        }
    }

    /// <returns>What goes out next; empty when nothing of what was taken has anything to send.</returns>
    public async Task<List<Shipment>> ComposeAsync(CancellationToken lifetime)
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

                Shipment? shipment = await maker.MakeAsync(items, lifetime).ConfigureAwait(false);
                if (shipment is null || shipment.Row.Held)
                {
                    // A further attempt of the held-back test stays InProgress with it; the last outcome counts at the end.
                    if (shipment is not null)
                    {
                        held.Retry(shipment);
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
            _waitingSince = _queue.Waiting > 0 ? time.GetTimestamp() : null;
            _batchesUnderWay += batch.Count > 0 ? 1 : 0;
        }

        return batch;
    }

    /// <summary>A batch is back: what is not done comes first again.</summary>
    public void TakeBack(List<Shipment> batch)
    {
        lock (_queue)
        {
            _batchesUnderWay--;
            foreach (Shipment shipment in batch)
            {
                if (shipment.Done)
                {
                    _queue.Release(shipment.Items[0].AutoTest);
                    maker.Drop(shipment.Items);
                }
                else
                {
                    _queue.Return(shipment.Items);
                    _waitingSince ??= time.GetTimestamp();
                }
            }
        }
    }

    /// <summary>Empties the queue of all that was looked at, the held-back result included.</summary>
    public List<PendingResult> TakeAll()
    {
        List<PendingResult> all;
        lock (_queue)
        {
            all = _queue.TakeAll();
        }

        if (held.Waiting is { } waiting)
        {
            held.Waiting = null;
            all.Add(waiting);
        }

        return all;
    }

    /// <returns>Indices of all results that are left.</returns>
    public List<long> Clear()
    {
        List<long> indices = TakeAll().Select(item => item.Stored.Index).ToList();
        lock (_arrived)
        {
            indices.AddRange(_arrivedHeld.Concat(_arrived).Where(one => !one.Delivered).Select(one => one.Stored.Index));
            _arrivedHeld.Clear();
            _arrived.Clear();
        }

        return indices;
    }

    private void Release(List<PendingResult> items)
    {
        lock (_queue)
        {
            _queue.Release(items[0].AutoTest);
        }

        maker.Drop(items);
    }
}

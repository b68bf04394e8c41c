using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.TestIt;

// When the run ends, or can take nothing any more.
internal sealed partial class TestItPublisher
{
    private bool _isReconciled;

    /// <summary>
    /// Nothing can be sent any more. Results that may have arrived before we were killed are looked up all the same: a run that is
    /// over can be read, and what is in it must not stay counted as missing.
    /// </summary>
    private async Task ReconcileAsync(RunUnusableException reason, CancellationToken lifetime)
    {
        var left = new List<PendingResult>();
        try
        {
            if (Diagnostics.IsRunOver(reason.Diagnostic.Code) && !_run.IsNew)
            {
                _log.Notice(Diagnostic.Detail(reason.Message));
                while (!_completing)
                {
                    await DelayOrSignalAsync(null, lifetime).ConfigureAwait(false);
                }

                await TakeArrivedAsync(int.MaxValue, lifetime).ConfigureAwait(false);
                left = TakeAll();
                // A run that we created and that has nothing to come is over by rights.
                bool any = left.Count > 0 || _settings.AdapterMode == TestItRun.Creates;
                await RemoveArrivedAsync(left, lifetime).ConfigureAwait(false);
                _isReconciled = any && left.Count == 0 && _held.Items.Count == 0;
            }
        }
        catch (Exception e) when (e is TestItException or OperationCanceledException)
        {
            _log.Notice(Diagnostic.Detail($"What the test run already has could not be looked up: {e.Message}"));
        }

        lock (_queue)
        {
            left.ForEach(_queue.Add);
        }

        if (_isReconciled)
        {
            _log.Notice(Diagnostic.Detail($"Test run {_run.Id} is over and has everything already."));
        }
        else
        {
            GiveUp(reason);
        }
    }

    private async Task RemoveArrivedAsync(List<PendingResult> items, CancellationToken lifetime)
    {
        foreach (PendingResult item in items.Where(item => item.UnclearSince is not null).ToList())
        {
            Shipment? shipment = await _maker.MakeAsync([item], lifetime).ConfigureAwait(false);
            if (shipment is null || await _sender.HasArrivedAsync(shipment, lifetime).ConfigureAwait(false))
            {
                items.Remove(item);
            }
        }
    }

    private async Task<bool> FinishAsync(TestResultCut? cut, CancellationToken deadline)
    {
        int spooled = SpoolRest();
        bool final = _isReconciled || (cut is null && _held.Posted is null);
        if (spooled == 0 && _unusable is null && !_isReconciled && _run.Id is not null)
        {
            var persistence = new Persistence(_client, _settings, _outage, _time, _log);
            final = await new RunEnding(_client, _settings, _run, _held, persistence, _log).EndAsync(cut, deadline).ConfigureAwait(false);
        }

        // A run whose held-back result is final may be closed at once, so it stays InProgress while others are spooled.
        foreach (PendingResult item in _held.Items)
        {
            _log.Delivered(item.Stored.Index, final ? Delivery.Sent : Delivery.Spooled, final ? null : _unusable?.Message);
        }

        TellRest(spooled + (final ? 0 : _held.Items.Count), final ? null : _held.Posted?.Content.ExternalId);
        TellUnreported();
        return final;
    }

    private int SpoolRest()
    {
        List<long> indices = TakeAll().Select(item => item.Stored.Index).ToList();
        lock (_arrived)
        {
            indices.AddRange(_arrivedHeld.Concat(_arrived).Where(one => !one.Delivered).Select(one => one.Stored.Index));
            _arrivedHeld.Clear();
            _arrived.Clear();
        }

        foreach (long index in indices)
        {
            _log.Delivered(index, Delivery.Spooled, _unusable?.Message);
        }

        return indices.Count;
    }

    private List<PendingResult> TakeAll()
    {
        List<PendingResult> all;
        lock (_queue)
        {
            all = _queue.TakeAll();
        }

        if (_held.Waiting is { } waiting)
        {
            _held.Waiting = null;
            all.Add(waiting);
        }

        return all;
    }

    /// <summary>
    /// News, not trouble: another invocation may have its share of the plan. But a planned test that was renamed, or that no filter could
    /// find, must not stay out unnoticed.
    /// </summary>
    private void TellUnreported()
    {
        if (_unusable is null && _sender.UnreportedPlan() is { Count: > 0 } ids)
        {
            string more = ids.Count > 10 ? $" and {ids.Count - 10} more" : "";
            _log.Tell($"{ids.Count} autotests that test run {_run.Id} asks for (adapterMode 0) got no result here: {string.Join(", ", ids.Take(10))}{more}");
        }
    }

    /// <param name="heldId">External id of the held-back result, when it is among those that are left.</param>
    private void TellRest(int spooled, string? heldId)
    {
        if (_sender.Rejected > 0)
        {
            _log.Notice(Diagnostics.ResultsRejected(_sender.Rejected, _sender.Reasons));
        }

        if (spooled > 0)
        {
            _log.Notice(Diagnostics.ResultsLeft(spooled, heldId));
        }
    }
}

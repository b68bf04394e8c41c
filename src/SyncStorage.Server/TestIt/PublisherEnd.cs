using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>When the run ends, or can take nothing any more: what is left is spooled, and the user is told.</summary>
internal sealed class PublisherEnd(
    RunSettings settings, TestItRun run, SendQueue queue, HeldResult held, ShipmentMaker maker, RowAdoption rows, DeliveryTally tally, RunEnding ending, IDeliveryLog log)
{
    private bool _isReconciled;

    /// <summary>Set when nothing more can be sent.</summary>
    private RunUnusableException? _unusable;

    public void GiveUp(RunUnusableException e)
    {
        _unusable = e;
        if (e.IsForGood)
        {
            log.Refused(e.Diagnostic);
        }
        else
        {
            log.Notice(e.Diagnostic);
        }
    }

    /// <summary>
    /// Nothing can be sent any more. Results that may have arrived before we were killed are looked up all the same: a run that is
    /// over can be read, and what is in it must not stay counted as missing.
    /// </summary>
    /// <param name="reason">Why nothing can be sent.</param>
    /// <param name="completing">Done when nothing will come any more.</param>
    /// <param name="lifetime">Of the publisher.</param>
    public async Task ReconcileAsync(RunUnusableException reason, Task completing, CancellationToken lifetime)
    {
        var left = new List<PendingResult>();
        try
        {
            if (Diagnostics.IsRunOver(reason.Diagnostic.Code) && !run.IsNew)
            {
                log.Notice(Diagnostic.Detail(reason.Message));
                await completing.WaitAsync(lifetime).ConfigureAwait(false);
                await queue.TakeArrivedAsync(int.MaxValue, lifetime).ConfigureAwait(false);
                left = queue.TakeAll();
                // A run that we created and that has nothing to come is over by rights.
                bool any = left.Count > 0 || settings.AdapterMode == TestItRun.Creates;
                await RemoveArrivedAsync(left, lifetime).ConfigureAwait(false);
                _isReconciled = any && left.Count == 0 && held.Items.Count == 0;
            }
        }
        catch (Exception e) when (e is TestItException or OperationCanceledException)
        {
            log.Notice(Diagnostic.Detail($"What the test run already has could not be looked up: {e.Message}"));
        }

        left.ForEach(queue.Add);
        if (_isReconciled)
        {
            log.Notice(Diagnostic.Detail($"Test run {run.Id} is over and has everything already."));
        }
        else
        {
            GiveUp(reason);
        }
    }

    /// <returns>True when the held-back result, if there is one, is final.</returns>
    public async Task<bool> FinishAsync(TestResultCut? cut, CancellationToken deadline)
    {
        List<long> spooled = queue.Clear();
        spooled.ForEach(index => log.Delivered(index, Delivery.Spooled, _unusable?.Message));
        bool final = _isReconciled || (cut is null && held.Posted is null);
        if (spooled.Count == 0 && _unusable is null && !_isReconciled && run.Id is not null)
        {
            final = await ending.EndAsync(cut, deadline).ConfigureAwait(false);
        }

        // A run whose held-back result is final may be closed at once, so it stays InProgress while others are spooled.
        foreach (PendingResult item in held.Items)
        {
            log.Delivered(item.Stored.Index, final ? Delivery.Sent : Delivery.Spooled, final ? null : _unusable?.Message);
        }

        ReportRest(spooled.Count + (final ? 0 : held.Items.Count), final ? null : held.Posted?.Content.ExternalId);
        ReportUnreportedPlan();
        return final;
    }

    private async Task RemoveArrivedAsync(List<PendingResult> items, CancellationToken lifetime)
    {
        foreach (PendingResult item in items.Where(item => item.UnclearSince is not null).ToList())
        {
            Shipment? shipment = await maker.MakeAsync([item], lifetime).ConfigureAwait(false);
            if (shipment is null || await rows.HasArrivedAsync(shipment, lifetime).ConfigureAwait(false))
            {
                items.Remove(item);
            }
        }
    }

    /// <summary>
    /// News, not trouble: another invocation may have its share of the plan. But a planned test that was renamed, or that no filter could
    /// find, must not stay out unnoticed.
    /// </summary>
    private void ReportUnreportedPlan()
    {
        if (_unusable is null && rows.UnreportedPlan() is { Count: > 0 } ids)
        {
            string more = ids.Count > 10 ? $" and {ids.Count - 10} more" : "";
            log.Tell($"{ids.Count} autotests that test run {run.Id} asks for (adapterMode 0) got no result here: {string.Join(", ", ids.Take(10))}{more}");
        }
    }

    /// <param name="left">How many results are not in Test IT.</param>
    /// <param name="heldId">External id of the held-back result, when it is among them.</param>
    private void ReportRest(int left, string? heldId)
    {
        if (tally.Rejected > 0)
        {
            log.Notice(Diagnostics.ResultsRejected(tally.Rejected, tally.Reasons));
        }

        if (left > 0)
        {
            log.Notice(Diagnostics.ResultsLeft(left, heldId));
        }
    }
}

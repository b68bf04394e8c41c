using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>Rows that Test IT has already: planned ones, those of other invocations, and ours whose answer got lost.</summary>
internal sealed class RowAdoption(TestItClient client, TestItRun run, RowRegistry registry, RunSettings settings, DeliveryTally tally) : IDisposable
{
    private const int ReportsOnlyPlanned = 0;

    private readonly RunRows _before = new(client, settings, registry.IsOurs);
    private readonly RunRows _now = new(client, settings, registry.IsOurs);

    /// <summary>What the run holds before we put anything into it: planned rows, and results of other invocations.</summary>
    public Task LoadExistingAsync(CancellationToken cancellation) => _before.LoadAsync(run.Id!, 0, cancellation);

    /// <summary>Adapter mode 0: planned rows for which no result came.</summary>
    public IReadOnlyList<string> UnreportedPlan() => settings.AdapterMode == ReportsOnlyPlanned ? _before.Unreported() : [];

    /// <summary>Looks only: is a result, of which that was not known, in the run with a final status? Then it counts as delivered.</summary>
    public async Task<bool> HasArrivedAsync(Shipment shipment, CancellationToken cancellation)
    {
        await _now.LoadAsync(run.Id!, shipment.UnclearSince ?? 0, cancellation).ConfigureAwait(false);
        if (await _now.FindAsync(shipment.Content.ExternalId, shipment.Parameters, cancellation).ConfigureAwait(false) is not { IsInProgress: false } row)
        {
            return false;
        }

        registry.Exists(shipment.Row, row.Id);
        tally.Deliver(shipment);
        return true;
    }

    /// <summary>Finds out whether the row is there already: from before us, or from a POST whose answer we did not get.</summary>
    public async Task AdoptAsync(Shipment shipment, CancellationToken cancellation)
    {
        string externalId = shipment.Content.ExternalId;
        if (shipment.UnclearSince is { } generation)
        {
            await _now.LoadAsync(run.Id!, generation, cancellation).ConfigureAwait(false);
            if (await _now.FindAsync(externalId, shipment.Parameters, cancellation).ConfigureAwait(false) is { } arrived)
            {
                await TakeArrivedAsync(shipment, arrived, cancellation).ConfigureAwait(false);
                return;
            }
        }

        if (_before.IsEmpty)
        {
            return;
        }

        ExistingRow? existing = await _before.FindAsync(externalId, shipment.Parameters, cancellation).ConfigureAwait(false);
        if (settings.AdapterMode == ReportsOnlyPlanned)
        {
            existing ??= await _before.FindPlannedAsync(externalId, cancellation).ConfigureAwait(false);
        }
        else
        {
            while (existing is { IsInProgress: true })
            {
                // Another coordinator's held-back result: it is not ours to finish, so ours gets a row beside it.
                registry.Distinguish(shipment.Row, shipment.Last, shipment.Content);
                existing = await _before.FindAsync(externalId, shipment.Parameters, cancellation).ConfigureAwait(false);
            }
        }

        if (existing is not null)
        {
            registry.Exists(shipment.Row, existing.Id);
            shipment.Row.Adopted = true;
            shipment.Row.HasNoParameters = existing.HasNoParameters;
            shipment.Row.SentDurationMs = existing.IsInProgress ? 0 : existing.DurationMs;
        }
    }

    private async Task TakeArrivedAsync(Shipment shipment, ExistingRow arrived, CancellationToken cancellation)
    {
        registry.Exists(shipment.Row, arrived.Id);
        shipment.Row.HasNoParameters = arrived.HasNoParameters;
        if (shipment.Row.Held)
        {
            return;
        }

        if (!arrived.IsInProgress)
        {
            shipment.Row.SentDurationMs = arrived.DurationMs;
            if (arrived.StatusType == run.Codes.Of(shipment.Content.Outcome).Type)
            {
                tally.Deliver(shipment);
                return;
            }

            shipment.Row.SentDurationMs = 0;
        }

        await UpdateAsync(shipment, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Test IT gives a final POST to an InProgress row of the same autotest whose parameters are equal or EMPTY. So as long as the held-back
    /// result stands in a row without parameters, the final POST of any other result of its autotest would end up in that row: its outcome would be
    /// lost, and with the held row final nothing would keep the run open. The held row cannot be made final first either: nothing else may be
    /// InProgress then, and Test IT closes the run under what is still to come.
    /// Therefore such a result is posted as InProgress, with its whole body and its own parameters, and gets its status by an update of that very
    /// row: an InProgress POST takes nothing over, an update by id neither, the held row stays open all the time. (Servers that never take rows over
    /// end up with the same rows.) If the answer to the POST gets lost, or we die before the update, the row is found by its parameters, as any row
    /// whose arrival is unclear, and updated then.
    /// The same holds beside a planned row, or another coordinator's held one.
    /// </summary>
    public async Task<bool> WouldBeSwallowedAsync(Shipment shipment, Shipment? heldResult, CancellationToken cancellation)
        => (heldResult is { Row: { Exists: true, HasNoParameters: true } } held
                && held.Row != shipment.Row
                && held.Content.ExternalId == shipment.Content.ExternalId)
            || (!_before.IsEmpty && await _before.HasOpenAsync(shipment.Content.ExternalId, shipment.Parameters, cancellation).ConfigureAwait(false));

    public async Task UpdateAsync(Shipment shipment, CancellationToken cancellation)
    {
        if (shipment.Row.Id is null)
        {
            await _now.LoadAsync(run.Id!, tally.UnclearFailures, cancellation).ConfigureAwait(false);
            ExistingRow? found = await _now.FindAsync(shipment.Content.ExternalId, shipment.Parameters, cancellation).ConfigureAwait(false);
            if (found is null)
            {
                shipment.Row.Exists = false;
                return;
            }

            registry.Exists(shipment.Row, found.Id);
            shipment.Row.SentDurationMs = found.DurationMs;
        }

        await UpdateAsync(shipment, shipment.ToUpdate(run.Codes.Of(shipment.Content.Outcome)), cancellation).ConfigureAwait(false);
    }

    public async Task UpdateAsync(Shipment shipment, ResultUpdateModel update, CancellationToken cancellation)
    {
        try
        {
            await client.UpdateResultAsync(shipment.Row.Id.ToString()!, update, final: false, cancellation).ConfigureAwait(false);
            shipment.Row.SentDurationMs += shipment.DurationMs;
            tally.Deliver(shipment);
        }
        catch (TestItException e) when (e.Error is TestItError.Invalid or TestItError.Conflict or TestItError.NotFound)
        {
            await run.ThrowIfUnusableAsync(e, cancellation).ConfigureAwait(false);
            tally.Reject(shipment, e.Reason);
        }
    }

    public void Dispose()
    {
        _before.Dispose();
        _now.Dispose();
    }
}

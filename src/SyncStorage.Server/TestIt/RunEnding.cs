using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>The two last things of a run whose results are all in Test IT: the held-back one gets its final status, then the run is completed.</summary>
internal sealed class RunEnding(TestItClient client, RunSettings settings, TestItRun run, HeldResult held, Persistence persistence, IDeliveryLog log)
{
    private bool _isRepeated;

    /// <returns>True when the held-back result, if there is one, is final.</returns>
    public async Task<bool> EndAsync(TestResultCut? cut, CancellationToken deadline)
    {
        bool final = !held.IsRejected && await FinalizeAsync(cut, deadline).ConfigureAwait(false);
        // A refused one holds nothing open.
        if ((final || held.IsRejected) && !await CompleteAsync(deadline).ConfigureAwait(false))
        {
            log.RunLeftOpen();
        }

        return final;
    }

    private async Task<bool> FinalizeAsync(TestResultCut? cut, CancellationToken deadline)
    {
        if (held.Posted is { } posted)
        {
            string matter = HeldResultFinalizer.Matter(run.Id!, posted.Content.ExternalId);
            return await persistence.RunAsync(matter, stop => UpdateAsync(posted, cut, stop), deadline).ConfigureAwait(false);
        }

        // The slot was taken by a result that never came here: somebody else wrote it.
        var finalizer = new HeldResultFinalizer(client, settings, run.Codes, log.Notice);
        return cut is null || await persistence
            .RunAsync(HeldResultFinalizer.Matter(run.Id!, cut.AutoTestExternalId), stop => finalizer.FinalizeAsync(run.Id!, cut, stop), deadline).ConfigureAwait(false);
    }

    private async Task<bool> UpdateAsync(Shipment posted, TestResultCut? cut, CancellationToken deadline)
    {
        string rowId = posted.Row.Id.ToString()!;
        if (_isRepeated && await HeldResultFinalizer.IsFinalAsync(client, run.Id!, rowId, deadline).ConfigureAwait(false))
        {
            // The answer of an earlier attempt got lost; Test IT may have closed the run by it.
            return true;
        }

        _isRepeated = true;
        SentStatus status = held.Retried is { } retried ? run.Codes.Of(retried.Content.Outcome)
            : cut is not null ? run.Codes.Of(cut.StatusType, cut.StatusCode)
            : run.Codes.Of(posted.Content.Outcome);
        // A row that we posted has its body; one of the plan, or one with a further attempt, gets it now. Never step results.
        ResultUpdateModel update = held.Retried is { } last ? last.ToUpdate(status)
            : posted.Row.Adopted ? posted.ToUpdate(status)
            : new ResultUpdateModel { StatusType = status.Type, StatusCode = status.Code };
        return await HeldResultFinalizer.PutAndVerifyAsync(client, settings, run.Id!, rowId, update, log.Notice, deadline).ConfigureAwait(false);
    }

    private Task<bool> CompleteAsync(CancellationToken deadline)
        => persistence.RunAsync($"The completion of test run {run.Id}", run.CompleteAsync, deadline);
}

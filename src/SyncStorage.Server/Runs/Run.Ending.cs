using SyncStorage.Protocol;
using SyncStorage.Server.Results;

namespace SyncStorage.Server.Runs;

// How the run ends, and what of it is sent later.
internal sealed partial class Run
{
    private int _failedEnds;

    private const int MostEnds = 3;

    /// <summary>
    /// Ends the run: delivers what is left, gives the held result its final status, writes the
    /// final report. Workers that have not completed are lost.
    /// </summary>
    public async Task FinishAsync(bool interrupted, CancellationToken deadline)
    {
        try
        {
            await FinishOnceAsync(interrupted, deadline).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // A full disk, say. The journal still has what was handed over, and whoever starts next closes the run.
            lock (_gate)
            {
                _finishing = false;
                _failedEnds++;
            }

            Log($"The run could not be ended (attempt {_failedEnds} of {MostEnds}): {e}");
        }
    }

    private async Task FinishOnceAsync(bool interrupted, CancellationToken deadline)
    {
        HeldResult? held;
        lock (_gate)
        {
            if (_closed || _finishing || _state.Phase != RunPhase.Running)
            {
                return;
            }

            _finishing = true;
            Commit(_state.GiveUp(Now));
            foreach (string pid in _witnessed.Keys)
            {
                Recover(pid);
            }

            HoldSomethingBack();
            PublishReady();
            held = _state.Held;
        }

        bool finalized = await TryDeliverAsync(held, deadline).ConfigureAwait(false);
        lock (_gate)
        {
            if (finalized && _state.Held is { Finalized: false })
            {
                Commit([FinalOf(_state.Held.Cut)]);
            }

            Close(interrupted);
            _finishing = false;
            ReopenIfNeeded();
        }
    }

    /// <summary>No more requests: what comes now is refused, because the server stops.</summary>
    public void RefuseRequests()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    /// <summary>Neither a publisher nor another service may keep the run from ending.</summary>
    private async Task<bool> TryDeliverAsync(HeldResult? held, CancellationToken deadline)
    {
        try
        {
            return await DeliverAsync(held, deadline).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Notice(Diagnostics.InternalError("Delivering the results failed", e.Message));
            return false;
        }
    }

    private async Task<bool> DeliverAsync(HeldResult? held, CancellationToken deadline)
    {
        if (_slot is not null)
        {
            // The service that took the cut gives it its final status. It may do so as soon as it hears that all workers are
            // done, and Test IT may then close the run: so everything else is delivered first.
            bool delivered = _publisher is null || await _publisher.CompleteAsync(null, deadline).ConfigureAwait(false);
            return await _slot.FinishAsync(deadline).ConfigureAwait(false) && delivered;
        }

        foreach (TestResultCut cut in Look(() => _state.Slot.Owed.ToList()))
        {
            await FinalizeOwedAsync(cut, deadline).ConfigureAwait(false);
        }

        if (held is { Index: null } && (_publisher is null or LocalPublisher))
        {
            // An official client wrote its result itself and only left the cut here.
            return await FinalizeOfficialAsync(held!.Cut, deadline).ConfigureAwait(false);
        }

        // A cut whose result somebody else wrote goes there, too: it must be final before the publisher completes the run.
        bool finalized = _publisher is null || await _publisher.CompleteAsync(held?.Cut, deadline).ConfigureAwait(false);
        return held is not null && finalized;
    }

    private void Close(bool interrupted)
    {
        _store.Settle();
        Commit([RunState.End(interrupted, Now)]);
        WriteReport();
        _over.TrySetResult();
        if (_publisher is { } publisher)
        {
            (_createdTestRunId, _testRunUrl) = (publisher.TestRunId ?? _createdTestRunId, publisher.TestRunUrl ?? _testRunUrl);
            _publisher = null;
            _ = DisposeAsync(publisher);
        }
    }

    private async Task DisposeAsync(IResultPublisher publisher)
    {
        try
        {
            await publisher.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Log($"Closing the connection to Test IT failed: {e.Message}");
        }
    }

    /// <summary>Somebody came while the run was being closed.</summary>
    private void ReopenIfNeeded()
    {
        if (!_closed && (!_state.Workers.AllDone || (Settings.Publish && _toPublish < _store.Count)))
        {
            Commit([new RunEvent { Kind = RunEvents.Reopened, At = Now.Time }]);
        }
    }
}

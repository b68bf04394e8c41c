using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;

namespace SyncStorage.Server.Runs;

// What the end of the run could not do, and who does it later: this server, or a resend.
internal sealed partial class Run
{
    /// <summary>All is in Test IT's run, but it could not be completed.</summary>
    private bool _isLeftOpen;

    private bool _isRefused;
    private string? _namedAddress;

    /// <summary>Ends when the run is opened again: its next end takes care of what is left.</summary>
    private CancellationTokenSource? _finalizingLeft;

    /// <summary>Results, a held-back one's final status, or the completion of the run.</summary>
    public bool HasLeft => Look(() => HasLeftNow);

    /// <summary>The run is over, and a result that an official client wrote is still in progress in Test IT.</summary>
    public bool OwesFinalStatus => Look(() => _state.Phase != RunPhase.Running && !_finishing && !_isRefused && OwedCuts.Count > 0);

    /// <summary>Test IT said for good that it takes nothing more for this run: asking again without a user's word is no use.</summary>
    public bool IsRefused => Look(() => _isRefused || _notices.Any(notice => Diagnostics.IsRunOver(notice.Code)));

    /// <summary>Test IT's address as a client named it, when no setting does.</summary>
    public string? NamedAddress => Look(() => _namedAddress);

    public void RunLeftOpen()
    {
        lock (_gate)
        {
            Commit([new RunEvent { Kind = RunEvents.LeftOpen, At = Now.Time }]);
        }
    }

    public void Refused(Diagnostic reason)
    {
        Notice(reason);
        lock (_gate)
        {
            Commit([new RunEvent { Kind = RunEvents.Refused, At = Now.Time, Reason = reason.Code }]);
        }
    }

    /// <summary>Goes on with what the end of the run had no time for, until the deadline or until the run is opened again.</summary>
    /// <returns>False before either: another try is no use.</returns>
    public async Task<bool> FinalizeLeftAsync(CancellationToken deadline)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        IReadOnlyList<TestResultCut> cuts;
        lock (_gate)
        {
            if (_closed || _state.Phase == RunPhase.Running || _finishing)
            {
                return true;
            }

            // Cancelled under the lock and asynchronously: what it wakes takes the lock, too.
            _finalizingLeft = stop;
            cuts = OwedCuts;
        }

        (bool allFinal, bool anyFinal) = (true, false);
        try
        {
            foreach (TestResultCut cut in cuts)
            {
                bool final = await FinalizeOwedAsync(cut, stop.Token).ConfigureAwait(false);
                allFinal &= final;
                anyFinal |= final;
            }
        }
        finally
        {
            lock (_gate)
            {
                _finalizingLeft = null;
                if (anyFinal && !_closed && _state.Phase != RunPhase.Running)
                {
                    CommitEndAgain();
                }
            }
        }

        return allFinal || stop.IsCancellationRequested;
    }

    /// <summary>Sends what an earlier end of the run left.</summary>
    /// <param name="send">Does it.</param>
    /// <returns>True when nothing is left.</returns>
    public async Task<bool> ResendAsync(Func<SpooledRun, IDeliveryLog, Task<ResendOutcome>> send)
    {
        SpooledRun left;
        lock (_gate)
        {
            if (!HasLeftNow)
            {
                return true;
            }

            left = DescribeLeft();
            string owed = left.Owed.Count > 0 ? $", the final status of {left.Owed.Count} held-back ones" : "";
            Log($"Sent again: {left.Spooled.Count} results{owed} of run {TestRunId}.");
        }

        ResendOutcome outcome = await send(left, this).ConfigureAwait(false);
        lock (_gate)
        {
            if (outcome.IsDone && left.Cut is not null)
            {
                Commit([FinalOf(left.Cut)]);
            }

            Commit(outcome.Finalized.Select(FinalOf));
            if (outcome.IsClosed)
            {
                Commit([new RunEvent { Kind = RunEvents.Closed, At = Now.Time }]);
            }

            if (outcome.TestRunId is not null)
            {
                Commit([new RunEvent { Kind = RunEvents.RunCreated, At = Now.Time, TestRunId = outcome.TestRunId, TestRunUrl = outcome.TestRunUrl }]);
            }

            _store.Settle();
            CommitEndAgain();
            return outcome.IsDone && !HasLeftNow;
        }
    }

    private bool HasLeftNow => (Settings.Publish && _store.HasUndelivered) || OwedCuts.Count > 0 || _isLeftOpen;

    /// <summary>
    /// Cuts of results that others wrote: earlier rounds' and the last one's. A held-back result of ours counts as spooled until it is final, or as rejected.
    /// </summary>
    private IReadOnlyList<TestResultCut> OwedCuts
        => _state.Slot.LastHeld is { Index: null, Finalized: false } last && !_state.Slot.Owed.Contains(last.Cut) ? [.. _state.Slot.Owed, last.Cut] : [.. _state.Slot.Owed];

    private RunEvent FinalOf(TestResultCut cut) => new() { Kind = RunEvents.HeldFinalized, At = Now.Time, Cut = cut };

    private async Task<bool> FinalizeOwedAsync(TestResultCut cut, CancellationToken deadline)
    {
        bool final = await FinalizeOfficialAsync(cut, deadline).ConfigureAwait(false);
        if (final)
        {
            lock (_gate)
            {
                Commit([FinalOf(cut)]);
            }
        }

        return final;
    }

    private Task<bool> FinalizeOfficialAsync(TestResultCut cut, CancellationToken deadline)
        => _host.FinalizeOfficial(Settings, _address ?? NamedOnly, cut, this, deadline);

    /// <summary>After a restart the address is known, and that it takes a token to get there.</summary>
    private RegisteredAddress? NamedOnly => NamedAddress is { } url ? new RegisteredAddress(url, null) : null;

    /// <summary>The end stands last again: whoever looks into the folder next need not read the whole journal to see that it is closed.</summary>
    private void CommitEndAgain()
    {
        Commit([new RunEvent { Kind = _state.Phase == RunPhase.Interrupted ? RunEvents.Interrupted : RunEvents.Completed, At = _state.CompletedOn ?? Now.Time }]);
        WriteReport();
    }

    private SpooledRun DescribeLeft()
    {
        var spooled = new List<StoredResult>();
        var delivered = new List<StoredResult>();
        for (long i = 0; i < _store.Count && Settings.Publish; i++)
        {
            switch (_store.DeliveryOf(i))
            {
                case Delivery.Sent:
                    delivered.Add(_store[i]);
                    break;
                case Delivery.Spooled or Delivery.Pending:
                    spooled.Add(_store[i]);
                    break;
            }
        }

        HeldResult? held = _state.Slot.LastHeld;
        string? testRunId = Settings.AdapterMode == TestItRun.Creates ? _createdTestRunId : Settings.TestRunId;
        return new SpooledRun(testRunId, spooled, delivered, held?.Index, held is { Index: not null, Finalized: false } ? held.Cut : null)
        {
            Owed = OwedCuts,
            IsOpen = _isLeftOpen,
        };
    }
}

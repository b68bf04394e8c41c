using SyncStorage.Server.Results;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Runs;

// What was decided, written down and read back.
internal sealed partial class Run
{
    private void Log(string message) => _host.Log.Write(_folder, message);

    /// <summary>What an earlier process of the server knew.</summary>
    private RunSettings? Recall()
    {
        RunSettings? settings = null;
        foreach (RunEvent e in _journal.ReadAll(_store.Count))
        {
            settings = e.Settings ?? settings;
            Apply(e);
        }

        if (_state.Phase != RunPhase.Running)
        {
            _over.TrySetResult();
        }

        if (settings is not null)
        {
            Log($"Run {TestRunId} read back: {_state.Workers.Count} workers, {_store.Count} results.");
            if (_store.DamagedLines.Count > 0)
            {
                Notice(Diagnostics.DamagedResults(_folder.ResultsPath, _store.DamagedLines.Count, _store.DamagedLines[0]));
            }
        }

        return settings;
    }

    private void Commit(IEnumerable<RunEvent> decided)
    {
        List<RunEvent> events = decided.ToList();
        if (events.Count == 0)
        {
            return;
        }

        _journal.Append(events);
        foreach (RunEvent e in events)
        {
            Apply(e);
            Explain(e);
        }
    }

    private void Apply(RunEvent e)
    {
        _reportIsOld = true;
        switch (e.Kind)
        {
            case RunEvents.Opened:
                OpenedBy = e.Session;
                break;
            case RunEvents.Posting:
                foreach (long index in e.Indices ?? [])
                {
                    if (index < _store.Count && _store.DeliveryOf(index) is Delivery.Pending or Delivery.Spooled)
                    {
                        _store.SetUnclear(index);
                    }
                }

                break;
            case RunEvents.Delivered when e.Index < _store.Count:
                _store.SetDelivery(e.Index.Value, StoredLine.ParseDelivery(e.Delivery));
                break;
            case RunEvents.RunCreated:
                _createdTestRunId = e.TestRunId;
                _testRunUrl = e.TestRunUrl ?? _testRunUrl;
                break;
            case RunEvents.AddressNamed:
                _namedAddress = e.BaseUrl;
                break;
            case RunEvents.LeftOpen:
                _isLeftOpen = true;
                break;
            case RunEvents.Closed:
                _isLeftOpen = false;
                break;
            case RunEvents.Refused:
                _isRefused = true;
                break;
            case RunEvents.Notice:
                _notices.Add(new Diagnostic(e.Code, e.Text!));
                break;
            case RunEvents.Reopened:
                // Its next end takes care of what is left, and a run that somebody comes back to is asked for again.
                _ = _finalizingLeft?.CancelAsync();
                _isLeftOpen = _isRefused = false;
                _toPublish = 0;
                _heldPublished = _othersReleased = false;
                _over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                break;
            case RunEvents.HeldReleased:
                _heldPublished = false;
                break;
        }

        _state.Apply(e, Now);
        if (e.Kind == RunEvents.Reopened && _state.Held?.Index is long held && _store.DeliveryOf(held) is Delivery.Sent or Delivery.Rejected)
        {
            _state.Slot.Forget(held);
        }
    }

    /// <summary>The turning points, for people.</summary>
    private void Explain(RunEvent e)
    {
        switch (e.Kind)
        {
            case RunEvents.Registered:
                Log($"Worker {e.Pid}{(e.Part is null ? "" : " (" + e.Part + ")")} registered{(e.Project is null ? "" : $" for {e.Project} {e.TargetFramework}")}.");
                break;
            case RunEvents.Lost:
                Log($"Worker {e.Pid}{(e.Part is "" or null ? "" : " (" + e.Part + ")")} is lost.");
                break;
            case RunEvents.MasterElected:
                Log($"Worker {e.Pid} is master.");
                break;
            case RunEvents.Held:
                Log($"Held back: {e.Cut!.AutoTestExternalId} ({e.Cut.StatusType}){(e.Pid is null ? "" : " of worker " + e.Pid)}.");
                break;
            case RunEvents.HeldReleased:
                Log($"The held-back result of worker {e.Pid} did not come; the slot is free again.");
                break;
            case RunEvents.HeldFinalized:
                Log("The held-back result is final.");
                break;
            case RunEvents.Reopened:
                Log($"Run {TestRunId} opened again.");
                break;
            case RunEvents.Completed or RunEvents.Interrupted:
                ResultCounts counts = _store.Counts;
                Log($"Run {TestRunId} {e.Kind}: {counts.Observed} results observed, {counts.Sent} sent, {counts.Spooled} spooled, {counts.Rejected} rejected.");
                break;
        }
    }
}

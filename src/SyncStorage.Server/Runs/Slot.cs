using SyncStorage.Protocol;

namespace SyncStorage.Server.Runs;

/// <summary>The run's one place for a result that is held back, and what its events make of it.</summary>
internal sealed class Slot
{
    private readonly List<TestResultCut> _owed = [];

    public HeldResult? Held { get; private set; }

    /// <summary>The last one that was held, kept when a completed run is reopened and its slot is free again.</summary>
    public HeldResult? LastHeld { get; private set; }

    /// <summary>Cuts of earlier rounds of the run whose results others wrote, and which have no final status yet.</summary>
    public IReadOnlyList<TestResultCut> Owed => _owed;

    /// <summary>True when this very cut is the held one: also for a retry whose first answer got lost.</summary>
    public bool Holds(TestResultCut cut) => Held is not null && IsSame(Held.Cut, cut) && Held.Pid == cut.Pid && Held.Cut.TestCaseId == cut.TestCaseId;

    public bool Awaits(string workerPid, string testCaseId)
        => Held is { Index: null, Pid: not null, Cut.TestCaseId: { } id } && Held.Pid == workerPid && string.Equals(id, testCaseId, StringComparison.OrdinalIgnoreCase);

    /// <summary>The held-back result turned out to be done with: nothing is held any more.</summary>
    public void Forget(long index) => Held = Held?.Index == index ? null : Held;

    public void Apply(RunEvent e)
    {
        switch (e.Kind)
        {
            case RunEvents.Held:
                Held = LastHeld = new HeldResult(e.Cut!, e.Pid, e.Index, false);
                break;
            case RunEvents.HeldBound when Held is not null:
                Held = LastHeld = Held with { Index = e.Index };
                break;
            case RunEvents.HeldReleased:
                Held = LastHeld = null;
                break;
            case RunEvents.HeldFinalized:
                SetFinal(e.Cut);
                break;
            case RunEvents.Reopened:
                Reopen();
                break;
        }
    }

    /// <param name="cut">Null in journals of earlier versions: the last one.</param>
    private void SetFinal(TestResultCut? cut)
    {
        _owed.RemoveAll(owed => cut is null || IsSame(owed, cut));
        if (LastHeld is not null && (cut is null || IsSame(LastHeld.Cut, cut)))
        {
            LastHeld = LastHeld with { Finalized = true };
            Held = Held is null ? null : LastHeld;
        }
    }

    private void Reopen()
    {
        // The next round may hold another one back, and this one must not be forgotten over it.
        if (Held is { Index: null, Finalized: false })
        {
            _owed.Add(Held.Cut);
        }

        // One that is still to become final holds the run open in Test IT: no second one beside it.
        Held = Held is { Index: not null, Finalized: false } ? Held : null;
    }

    private static bool IsSame(TestResultCut one, TestResultCut other)
        => one.AutoTestExternalId == other.AutoTestExternalId && one.StartedOn == other.StartedOn && one.Pid == other.Pid;
}

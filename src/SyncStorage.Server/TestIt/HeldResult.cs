namespace SyncStorage.Server.TestIt;

/// <summary>The run's held-back result from the moment it is chosen until it is final.</summary>
internal sealed class HeldResult
{
    private volatile long[] _indices = [];

    /// <summary>Chosen, but Test IT does not have it yet.</summary>
    public PendingResult? Waiting { get; set; }

    /// <summary>Null until Test IT has the row, and for good when it refused it.</summary>
    public Shipment? Posted { get; private set; }

    /// <summary>The last further attempt of the same test, whose outcome counts; null for most.</summary>
    public Shipment? Retried { get; private set; }

    /// <summary>Everything that will be final with it: itself, and further attempts.</summary>
    public List<PendingResult> Items { get; } = [];

    /// <summary>True when Test IT has it or will never have it: then the others may go.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>Numbers of <see cref="Items"/>, for whoever asks from another thread.</summary>
    public IReadOnlyList<long> Indices => _indices;

    public bool IsRejected => IsSettled && Posted is null;

    /// <param name="posted">Null when it was refused.</param>
    public void Settle(PendingResult item, Shipment? posted)
    {
        Waiting = null;
        Posted = posted;
        IsSettled = true;
        if (posted is not null)
        {
            Items.Add(item);
            Publish();
        }
    }

    public void Retry(Shipment attempt)
    {
        attempt.Row.SentDurationMs += Retried?.DurationMs ?? 0;
        Retried = attempt;
        Items.AddRange(attempt.Items);
        Publish();
    }

    private void Publish() => _indices = Items.Select(item => item.Stored.Index).ToArray();
}

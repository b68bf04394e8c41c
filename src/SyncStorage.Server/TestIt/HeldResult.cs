using System.Collections.Generic;

namespace SyncStorage.Server.TestIt;

/// <summary>The run's held-back result from the moment it is chosen until it is final.</summary>
internal sealed class HeldResult
{
    /// <summary>Everything that will be final with it: itself, and further attempts of the same test that came meanwhile.</summary>
    public List<PendingResult> Items { get; } = [];

    /// <summary>Null until Test IT has the row.</summary>
    public Shipment? Posted { get; set; }

    /// <summary>The last further attempt, whose outcome counts; null for most.</summary>
    public Shipment? Retried { get; set; }
}

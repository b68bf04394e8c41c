using SyncStorage.Server.Results;

namespace SyncStorage.Server.TestIt;

/// <summary>What becomes of shipments: written to the run's journal, and counted for the user.</summary>
internal sealed class DeliveryTally(IDeliveryLog log)
{
    private int _unclearFailures = 1;

    public int Rejected { get; private set; }

    /// <summary>Why results were rejected: the first few, for the user.</summary>
    public List<string> Reasons { get; } = [];

    /// <summary>How often it was unclear whether a request had arrived: what was looked up before the last time is stale.</summary>
    public int UnclearFailures => Volatile.Read(ref _unclearFailures);

    public void Posting(IEnumerable<Shipment> shipments) => log.Posting(shipments.SelectMany(shipment => shipment.Items).Select(item => item.Stored.Index).ToArray());

    public void MarkUnclear(IEnumerable<Shipment> shipments)
    {
        int generation = Interlocked.Increment(ref _unclearFailures);
        foreach (PendingResult item in shipments.SelectMany(shipment => shipment.Items))
        {
            item.UnclearSince = generation;
        }
    }

    public void Deliver(Shipment shipment)
    {
        shipment.Done = true;
        foreach (PendingResult item in shipment.Items)
        {
            log.Delivered(item.Stored.Index, Delivery.Sent);
        }
    }

    public void Reject(Shipment shipment, string reason)
    {
        shipment.Done = true;
        lock (Reasons)
        {
            Rejected += shipment.Items.Count;
            if (Reasons.Count < 3)
            {
                Reasons.Add($"{shipment.Last.DisplayName}: {reason}");
            }
        }

        foreach (PendingResult item in shipment.Items)
        {
            log.Delivered(item.Stored.Index, Delivery.Rejected, reason);
        }
    }
}

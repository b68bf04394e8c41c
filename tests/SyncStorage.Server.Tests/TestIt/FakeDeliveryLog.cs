using System.Collections.Concurrent;
using SyncStorage.Results;
using SyncStorage.Server.Results;

namespace SyncStorage.Server.Tests.TestIt;

/// <summary>The run's journal in memory.</summary>
internal sealed class FakeDeliveryLog : IDeliveryLog
{
    private readonly List<ObservedResult> _results = [];

    public ConcurrentDictionary<long, (Delivery Delivery, string? Reason)> Deliveries { get; } = [];
    public ConcurrentQueue<Diagnostic> Notices { get; } = [];
    public ConcurrentDictionary<long, bool> Posted { get; } = [];
    public List<string> Created { get; } = [];

    /// <summary>Makes bodies instead of keeping them, for many results.</summary>
    public Func<long, ObservedResult>? Source { get; init; }

    public IEnumerable<string> Codes => Notices.Select(notice => notice.Code).OfType<string>();

    public long Add(ObservedResult result)
    {
        _results.Add(result);
        return _results.Count - 1;
    }

    public int Count(Delivery delivery) => Deliveries.Values.Count(one => one.Delivery == delivery);

    public void Posting(ReadOnlySpan<long> indices)
    {
        foreach (long index in indices)
        {
            Posted[index] = true;
        }
    }

    public void Delivered(long index, Delivery delivery, string? reason = null)
    {
        if (Deliveries.TryGetValue(index, out (Delivery Delivery, string? Reason) before) && before.Delivery is not Delivery.Spooled)
        {
            throw new InvalidOperationException($"result {index} was {before.Delivery} already and becomes {delivery}");
        }

        Deliveries[index] = (delivery, reason);
    }

    public void RunCreated(string testRunId) => Created.Add(testRunId);

    public bool IsLeftOpen { get; private set; }
    public bool IsRefused { get; private set; }

    public void RunLeftOpen() => IsLeftOpen = true;

    public void Refused(Diagnostic reason)
    {
        IsRefused = true;
        Notice(reason);
    }

    public void Notice(Diagnostic notice) => Notices.Enqueue(notice);

    public void Tell(string text) => Notices.Enqueue(new Diagnostic(null, text));

    public ValueTask<ObservedResult> ReadAsync(long index, CancellationToken cancellation) => ValueTask.FromResult(Read(index));

    public ObservedResult Read(long index) => Source?.Invoke(index) ?? _results[(int)index];
}

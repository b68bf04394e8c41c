using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>What is left of a run in its folder.</summary>
/// <param name="TestRunId">Test IT's id of the run; null when it was never created (mode 2).</param>
/// <param name="Spooled">Results to send, the held-back one included.</param>
/// <param name="Delivered">Results that Test IT has: they keep their rows.</param>
/// <param name="HeldIndex">Index of the held-back result; null when there is none.</param>
/// <param name="Cut">Its cut; null when none is held back or it is final.</param>
internal sealed record SpooledRun(string? TestRunId, IReadOnlyList<StoredResult> Spooled, IReadOnlyList<StoredResult> Delivered, long? HeldIndex, TestResultCut? Cut)
{
    /// <summary>Cuts of results that somebody else wrote, which have no final status.</summary>
    public IReadOnlyList<TestResultCut> Owed { get; init; } = [];

    /// <summary>All is in it, but it could not be completed.</summary>
    public bool IsOpen { get; init; }
}

/// <summary>What became of it; each result's fate is in the log.</summary>
/// <param name="IsDone">Nothing is left of results and held-back ones.</param>
/// <param name="TestRunId">Test IT's id of the run; null when it could not be opened.</param>
/// <param name="TestRunUrl">Its address for humans; null when it could not be opened.</param>
internal sealed record ResendOutcome(bool IsDone, string? TestRunId, string? TestRunUrl)
{
    /// <summary>Those of <see cref="SpooledRun.Owed"/> that are final now.</summary>
    public IReadOnlyList<TestResultCut> Finalized { get; init; } = [];

    /// <summary>The run that could not be completed is.</summary>
    public bool IsClosed { get; init; }
}

/// <summary>
/// Sends what an earlier run left behind. Every result is looked up first: it may have arrived although nobody heard the answer, in
/// that run or in a resend that was killed, and may not arrive twice.
/// </summary>
internal static class Resend
{
    public static Task<ResendOutcome> RunAsync(RunSettings settings, string privateToken, SpooledRun left, IDeliveryLog log, TimeProvider time, CancellationToken deadline)
        => RunAsync(settings, privateToken, left, log, time, new TestItTiming(), deadline);

    internal static async Task<ResendOutcome> RunAsync(
        RunSettings settings, string privateToken, SpooledRun left, IDeliveryLog log, TimeProvider time, TestItTiming timing, CancellationToken deadline)
    {
        ResendOutcome outcome = left.Spooled.Count > 0
            ? await SendAsync(settings, privateToken, left, log, time, timing, deadline).ConfigureAwait(false)
            : new ResendOutcome(true, null, null);
        return left.Owed.Count > 0 || left.IsOpen ? await EndAsync(outcome, settings, privateToken, left, log, time, timing, deadline).ConfigureAwait(false) : outcome;
    }

    private static async Task<ResendOutcome> SendAsync(
        RunSettings settings, string privateToken, SpooledRun left, IDeliveryLog log, TimeProvider time, TestItTiming timing, CancellationToken deadline)
    {
        var counter = new CountingLog(log);
        await using var publisher = new TestItPublisher(settings, privateToken, counter, time, left.TestRunId, timing);
        // In the order in which they were sent the first time, so that rows that only differ by it keep what tells them apart.
        List<StoredResult> held = [.. left.Spooled.Where(result => result.Index == left.HeldIndex)];
        held.ForEach(result => publisher.Publish(result with { Unclear = true }, held: true));
        foreach (StoredResult delivered in left.Delivered.OrderByDescending(result => result.Index == left.HeldIndex))
        {
            publisher.Restore(delivered);
        }

        foreach (StoredResult spooled in left.Spooled.Except(held))
        {
            publisher.Publish(spooled with { Unclear = true }, held: false);
        }

        if (held.Count == 0)
        {
            publisher.ReleaseOthers();
        }

        bool final = await publisher.CompleteAsync(left.Cut, deadline).ConfigureAwait(false);
        return new ResendOutcome(final && counter is { Spooled: 0, IsLeftOpen: false }, publisher.TestRunId, publisher.TestRunUrl);
    }

    /// <summary>What an earlier end of the run could not do although every result had been sent.</summary>
    private static async Task<ResendOutcome> EndAsync(
        ResendOutcome sent, RunSettings settings, string privateToken, SpooledRun left, IDeliveryLog log, TimeProvider time, TestItTiming timing, CancellationToken deadline)
    {
        string testRunId = left.TestRunId ?? settings.TestRunId;
        using var client = TestItClient.For(settings, privateToken, timing, time);
        var persistence = new Persistence(client, settings, new OutageGate(settings.Url!, timing, time, log.Notice), time, log);
        var finalizer = new HeldResultFinalizer(client, settings, null, log.Notice);
        var finalized = new List<TestResultCut>();
        foreach (TestResultCut cut in left.Owed)
        {
            string matter = HeldResultFinalizer.Matter(testRunId, cut.AutoTestExternalId);
            if (await persistence.RunAsync(matter, stop => finalizer.FinalizeAsync(testRunId, cut, stop), deadline).ConfigureAwait(false))
            {
                finalized.Add(cut);
            }
        }

        bool isDone = sent.IsDone && finalized.Count == left.Owed.Count;
        bool isClosed = isDone && left.IsOpen
            && await persistence.RunAsync($"The completion of test run {testRunId}", stop => CompleteAsync(client, testRunId, log, stop), deadline).ConfigureAwait(false);
        return sent with { IsDone = isDone && isClosed == left.IsOpen, Finalized = finalized, IsClosed = isClosed };
    }

    private static async Task<bool> CompleteAsync(TestItClient client, string testRunId, IDeliveryLog log, CancellationToken cancellation)
        => (await client.OpenRunAsync(testRunId, cancellation).ConfigureAwait(false)).IsOver
            || await TestItRun.CompleteAsync(client, testRunId, log.Notice, cancellation).ConfigureAwait(false);

    /// <summary>Passes everything on and counts what stays behind.</summary>
    private sealed class CountingLog(IDeliveryLog log) : IDeliveryLog
    {
        private int _spooled;

        public int Spooled => _spooled;

        public bool IsLeftOpen { get; private set; }

        public void Posting(ReadOnlySpan<long> indices) => log.Posting(indices);

        public void Delivered(long index, Delivery delivery, string? reason = null)
        {
            if (delivery == Delivery.Spooled)
            {
                Interlocked.Increment(ref _spooled);
            }

            log.Delivered(index, delivery, reason);
        }

        public void RunCreated(string testRunId) => log.RunCreated(testRunId);

        public void RunLeftOpen()
        {
            IsLeftOpen = true;
            log.RunLeftOpen();
        }

        public void Refused(Diagnostic reason) => log.Refused(reason);

        public void Notice(Diagnostic notice) => log.Notice(notice);

        public void Tell(string text) => log.Tell(text);

        public ValueTask<SyncStorage.Results.ObservedResult> ReadAsync(long index, CancellationToken cancellation) => log.ReadAsync(index, cancellation);
    }
}

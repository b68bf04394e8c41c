using SyncStorage.Protocol;

namespace SyncStorage.Server.Results;

/// <summary>
/// The seam between a run and where its results go: Test IT, or nothing but the local report. Created once per run; the run
/// calls it, and it answers through <see cref="IDeliveryLog"/>.
/// </summary>
internal interface IResultPublisher : IAsyncDisposable
{
    /// <summary>Test IT's id of the run, once known; null before and in local mode.</summary>
    string? TestRunId { get; }

    /// <summary>Address of the run in Test IT for humans; null before it is known and in local mode.</summary>
    string? TestRunUrl { get; }

    /// <summary>Takes a journaled result over. Never blocks and never throws; the body is read from the store when it is sent.</summary>
    /// <param name="result">The result.</param>
    /// <param name="held">True for the run's held-back result: it goes out as InProgress, before every other.</param>
    void Publish(StoredResult result, bool held);

    /// <summary>After a restart, before anything is published: a result that an earlier process delivered. Its row is taken.</summary>
    void Restore(StoredResult delivered);

    /// <summary>Nobody will be held back in this process any more (another service's worker holds, or the run is over): stop waiting for it.</summary>
    void ReleaseOthers();

    /// <summary>What the publisher can still do about results before the run ends. Never blocks.</summary>
    PublisherStanding Standing { get; }

    /// <summary>Somebody may wait for what has come so far: nothing is collected for fuller requests any longer. False: again as usual.</summary>
    void Hurry(bool hurried);

    /// <summary>Sends what is left, gives the held result its final status, closes the run if we created it. What is not done by the deadline is spooled.</summary>
    /// <param name="held">The cut whose result is to become final, or null when none was held here.</param>
    /// <param name="deadline">Cancelled when the run must end.</param>
    /// <returns>True when the held result (if any) is final.</returns>
    Task<bool> CompleteAsync(TestResultCut? held, CancellationToken deadline);
}

/// <summary>Whether anything can still become of results that are not delivered, before the run ends.</summary>
internal sealed record PublisherStanding
{
    public static readonly PublisherStanding Sending = new();

    /// <summary>Test IT takes nothing more for this run: what is not there now will not be there at the end.</summary>
    public bool HasGivenUp { get; init; }

    /// <summary>Test IT has let us into the run and gets everything at its end, as the user wants it (importRealtime).</summary>
    public bool SendsAtTheEnd { get; init; }

    /// <summary>Results that stand in Test IT as InProgress: only the end of the run makes them final.</summary>
    public IReadOnlyList<long> Held { get; init; } = [];
}

/// <summary>What a publisher tells the run's journal. Written before it returns, so that a killed server knows what it had done.</summary>
internal interface IDeliveryLog
{
    /// <summary>About to post these: if the server dies before <see cref="Delivered"/>, whether they arrived is unclear and has to be looked up.</summary>
    void Posting(ReadOnlySpan<long> indices);

    void Delivered(long index, Delivery delivery, string? reason = null);

    /// <summary>Mode 2: the run that was created, so that a restarted server does not create another.</summary>
    void RunCreated(string testRunId);

    /// <summary>Mode 2: the run could not be completed although all is in it.</summary>
    void RunLeftOpen();

    /// <summary>Test IT takes nothing for this run, today or later; a notice, and the mark by which later invocations leave it alone.</summary>
    void Refused(Diagnostic reason);

    /// <summary>A line for server.log, and for the user when it carries a code.</summary>
    void Notice(Diagnostic notice);

    /// <summary>A line for server.log and the user that is no warning.</summary>
    void Tell(string text);

    /// <summary>The full result as it was handed over.</summary>
    ValueTask<SyncStorage.Results.ObservedResult> ReadAsync(long index, CancellationToken cancellation);
}

/// <summary>What is kept in memory of an observed result: little, since 100 000 of them must fit beside everything else. The body stays in the store.</summary>
/// <param name="Index">Number of the result within the run, from 0 in the order of arrival; the key in <see cref="IDeliveryLog"/>.</param>
/// <param name="WorkerPid">The worker that observed it.</param>
/// <param name="TargetFramework">Of that worker: tells the same test apart when it ran for several frameworks.</param>
/// <param name="Unclear">True after a restart when the result was being posted as the server died: look before posting.</param>
internal readonly record struct StoredResult(long Index, string WorkerPid, string TargetFramework, bool Unclear);

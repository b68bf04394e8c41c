using SyncStorage.Protocol;

namespace SyncStorage.Server.Runs;

/// <summary>The in-progress slot of a run whose master another service elects. Its methods never throw.</summary>
internal interface IForeignSlot
{
    /// <summary>True once nobody here has to wait: a result is held back somewhere, or that service cannot be reached.</summary>
    bool IsDecided { get; }

    /// <summary>The slot is taken at most once a run, so it is asked for at most once.</summary>
    bool IsOffered { get; }

    /// <summary>Offers a result there, in the background; <see cref="Run.HoldForeign"/> follows if it was taken.</summary>
    void Offer(TestResultCut cut, long? index);

    /// <summary>All results are delivered: reports the workers' end there and waits for what that service does at the end.</summary>
    /// <returns>True when the held-back result got its final status.</returns>
    Task<bool> FinishAsync(CancellationToken deadline);
}

using SyncStorage.Protocol;

namespace SyncStorage.Server.Runs;

/// <summary>Who elects the master and keeps the slot: this server, or another service in which it takes part.</summary>
internal interface ICoordinator
{
    /// <param name="run">The worker's run.</param>
    /// <param name="request">What the worker sent.</param>
    /// <param name="isLocalMaster">What this server's own election says.</param>
    /// <returns>What the worker is told.</returns>
    Task<bool> RegisterAsync(Run run, RegisterRequest request, bool isLocalMaster);

    /// <returns>True when this very cut is held back.</returns>
    Task<bool> OfferAsync(Run run, TestResultCut cut);

    /// <summary>Null: the slot is this server's own.</summary>
    IForeignSlot? SlotOf(string testRunId);

    /// <summary>The run to which that slot belongs.</summary>
    void Opened(Run run);
}

/// <summary>The usual case: this server is the coordinator.</summary>
internal sealed class LocalCoordinator : ICoordinator
{
    public static readonly LocalCoordinator Instance = new();

    public Task<bool> RegisterAsync(Run run, RegisterRequest request, bool isLocalMaster) => Task.FromResult(isLocalMaster);

    public Task<bool> OfferAsync(Run run, TestResultCut cut) => Task.FromResult(run.Offer(cut));

    public IForeignSlot? SlotOf(string testRunId) => null;

    public void Opened(Run run)
    {
    }
}

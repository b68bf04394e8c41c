using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>
/// When the next batch goes out. Never before the held-back result is InProgress in Test IT or it is known that there is none; full batches at once,
/// others when their results have been collected for a while, or when somebody waits for them.
/// </summary>
internal sealed class SendGate(RunSettings settings, TestItTiming timing, SendQueue queue, HeldResult held, OutageGate outage)
{
    private const int BatchesInFlight = 4;

    /// <summary>Autotests that are ready to be sent; results beyond wait unread.</summary>
    public const int MaxLookedAt = 2 * BatchesInFlight * TestItClient.MostPerRequest;

    private readonly TaskCompletionSource _completing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isReleased;
    private volatile bool _isHurried;
    private TimeSpan _collect = timing.Collect;

    /// <summary>Done when nothing will come any more.</summary>
    public Task Completing => _completing.Task;

    public bool IsCompleting => _completing.Task.IsCompleted;

    public void Complete() => _completing.TrySetResult();

    /// <summary>Nobody will be held back.</summary>
    public void Release() => _isReleased = true;

    /// <returns>True when somebody waits who did not before.</returns>
    public bool Hurry(bool hurried)
    {
        bool isNew = hurried && !_isHurried;
        _isHurried = hurried;
        return isNew;
    }

    /// <summary>The longer a run lasts, the longer its results may be collected.</summary>
    public void Sent(int count)
    {
        if (count < TestItClient.MostPerRequest && !IsCompleting)
        {
            _collect = TimeSpan.FromTicks(Math.Min(_collect.Ticks * 3 / 2, timing.LongestCollect.Ticks));
        }
    }

    /// <returns>Zero = send one now; null = nothing is to be sent until something happens.</returns>
    public TimeSpan? TimeUntilNextBatch()
    {
        (int ready, int underWay, TimeSpan? waited) = queue.Standing;
        bool mayOthersGo = held.IsSettled || ((_isReleased || IsCompleting) && held.Waiting is null);
        if (ready == 0 || !mayOthersGo || underWay >= (outage.IsFailing ? 1 : BatchesInFlight))
        {
            return null;
        }

        if (outage.Pause is { Ticks: > 0 } pause)
        {
            return pause;
        }

        return IsCompleting || (settings.ImportRealtime && (_isHurried || ready >= TestItClient.MostPerRequest)) ? TimeSpan.Zero
            : settings.ImportRealtime && waited is { } since ? TimeSpan.FromTicks(Math.Max(0, (_collect - since).Ticks))
            : null;
    }

    /// <summary>How long the loop may rest, unless something happens.</summary>
    public TimeSpan? TimeUntilNextLook()
        => outage.Pause is { Ticks: > 0 } pause ? pause
            // A pause may have run out meanwhile: nobody would signal that, so look again instead of waiting.
            : held.Waiting is not null ? TimeSpan.Zero
            : TimeUntilNextBatch();
}

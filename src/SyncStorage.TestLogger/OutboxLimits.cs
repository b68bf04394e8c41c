using System;

namespace SyncStorage.TestLogger;

/// <summary>How much is collected, kept and waited for on the way to the server.</summary>
/// <remarks>With those of the collector: a server that hangs costs a project two seconds at most.</remarks>
internal sealed record OutboxLimits
{
    public int BatchResults { get; init; } = 200;
    public long BatchBytes { get; init; } = 4 << 20;

    /// <summary>The longest a result waits for company.</summary>
    public TimeSpan BatchWait { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>What is kept in memory at most; everything beyond goes to the spool file at once.</summary>
    public int PendingResults { get; init; } = 10_000;
    public long PendingBytes { get; init; } = 32 << 20;

    /// <summary>
    /// From VSTest's start of the logger to its first word with the server, unless a result is there sooner. Until then the processors
    /// have to start data collector and test host, which the user waits for; while the tests run one of them is idle.
    /// </summary>
    public TimeSpan StartDelay { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The longest that one answer may take.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>The same once the tests have ended and the user waits.</summary>
    public TimeSpan LastCallDeadline { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same for a server whose last answer did not come: one more try, but not for long.</summary>
    public TimeSpan DoubtfulCallDeadline { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>After a failure the server is left alone for so long.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest that the end of the tests waits for a server that answers, but slowly.</summary>
    public TimeSpan FlushDeadline { get; init; } = TimeSpan.FromSeconds(10);
}

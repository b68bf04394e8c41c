using System;

namespace SyncStorage.Collector;

/// <summary>How long things may take while VSTest waits for us.</summary>
/// <remarks>With those of the logger: a server that hangs costs a project two seconds at most.</remarks>
internal sealed record CollectorTimings
{
    /// <summary>The longest that one answer may take.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>The same once the tests have ended and the user waits.</summary>
    public TimeSpan LastCallDeadline { get; init; } = TimeSpan.FromMilliseconds(750);

    /// <summary>The same for a server whose last answer did not come: one more try, but not for long.</summary>
    public TimeSpan DoubtfulCallDeadline { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// After the first finished test of a worker with a logger. A session that ends sooner needs no offer: its results are on their way
    /// with the logger, and the first of the master's is held back as well. That spares short runs a second HTTP client.
    /// </summary>
    public TimeSpan OfferDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(10);
}

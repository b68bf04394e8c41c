namespace SyncStorage.Server.TestIt.Api;

/// <summary>Every delay and deadline of the traffic with Test IT, so that tests can shorten them all.</summary>
internal sealed record TestItTiming
{
    /// <summary>The longest that one attempt may take.</summary>
    public TimeSpan Attempt { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts after the first before a call is given back to its caller.</summary>
    public int Retries { get; init; } = 3;

    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(300);
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the circuit breaker stays open the first time; doubled with every failed probe.</summary>
    public TimeSpan Break { get; init; } = TimeSpan.FromSeconds(2);
    public TimeSpan LongestBreak { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest Retry-After that is honoured within one call.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long results are collected for a batch that is not full; grows while a run lasts, so that a long run does not cost a request a second.</summary>
    public TimeSpan Collect { get; init; } = TimeSpan.FromSeconds(1);
    public TimeSpan LongestCollect { get; init; } = TimeSpan.FromSeconds(10);
}

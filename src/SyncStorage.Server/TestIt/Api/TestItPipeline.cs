using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace SyncStorage.Server.TestIt.Api;

/// <summary>Retry around a circuit breaker. Other 4xx than 408 and 429 never come through here twice.</summary>
internal static class TestItPipeline
{
    /// <summary>Set in the context of a call that may be carried out twice without harm.</summary>
    public static readonly ResiliencePropertyKey<bool> Repeatable = new("repeatable");

    public static ResiliencePipeline<byte[]> Create(TestItTiming timing, TimeProvider time)
    {
        var builder = new ResiliencePipelineBuilder<byte[]> { TimeProvider = time };
        return builder
            .AddRetry(new RetryStrategyOptions<byte[]>
            {
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is TestItException { IsTransient: true } e
                    && (!e.Unclear || arguments.Context.Properties.GetValue(Repeatable, false))),
                MaxRetryAttempts = timing.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = timing.FirstDelay,
                MaxDelay = timing.LongestDelay,
                DelayGenerator = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is TestItException { RetryAfter: { } wanted }
                        ? (TimeSpan?)(wanted < timing.LongestRetryAfter ? wanted : timing.LongestRetryAfter)
                        : null),
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<byte[]>
            {
                // 429 comes from a Test IT that is alive: it must not silence the other calls.
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is TestItException { IsTransient: true, Status: not 429 }),
                FailureRatio = 0.9,
                MinimumThroughput = 4,
                SamplingDuration = TimeSpan.FromSeconds(5),
                BreakDurationGenerator = arguments =>
                {
                    double seconds = timing.Break.TotalSeconds * Math.Pow(2, Math.Min(arguments.HalfOpenAttempts, 10));
                    return ValueTask.FromResult(TimeSpan.FromSeconds(Math.Min(seconds, timing.LongestBreak.TotalSeconds)));
                },
            })
            .Build();
    }
}

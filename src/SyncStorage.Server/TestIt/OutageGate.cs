using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.TestIt;

/// <summary>Whether Test IT answers, and when it may be asked again. The user hears of an outage once; its ups and downs are lines of the log.</summary>
internal sealed class OutageGate(string url, TestItTiming timing, TimeProvider time, Action<Diagnostic> notice)
{
    private readonly object _lock = new();
    private int _failures;
    private bool _isTold;
    private long _failedAt;
    private TimeSpan _pause;

    /// <summary>True from a failure until the next success: then one request at a time is enough.</summary>
    public bool IsFailing
    {
        get
        {
            lock (_lock)
            {
                return _failures > 0;
            }
        }
    }

    /// <summary>Zero when Test IT may be asked.</summary>
    public TimeSpan Pause
    {
        get
        {
            lock (_lock)
            {
                TimeSpan left = _pause - time.GetElapsedTime(_failedAt);
                return left > TimeSpan.Zero ? left : TimeSpan.Zero;
            }
        }
    }

    public void Succeeded()
    {
        lock (_lock)
        {
            if (_failures == 0)
            {
                return;
            }

            _failures = 0;
        }

        notice(Diagnostic.Detail($"Test IT at {url} answers again."));
    }

    public void Failed(TestItException e)
    {
        bool isFirst;
        lock (_lock)
        {
            isFirst = !_isTold;
            _isTold = true;
            _failures++;
            double seconds = Math.Min(timing.FirstDelay.TotalSeconds * Math.Pow(2, Math.Min(_failures, 10)), timing.LongestDelay.TotalSeconds);
            TimeSpan pause = TimeSpan.FromSeconds(seconds * (0.75 + (Random.Shared.NextDouble() / 2)));
            if (e.RetryAfter is { } wanted && wanted > pause)
            {
                pause = wanted < timing.LongestRetryAfter ? wanted : timing.LongestRetryAfter;
            }

            // Not the time of day: a clock that is set back would make the pause an hour long.
            (_failedAt, _pause) = (time.GetTimestamp(), pause);
        }

        notice(isFirst ? Diagnostics.TestItUnreachable(url, e.Message) : Diagnostic.Detail($"Test IT cannot be reached: {e.Message}"));
    }
}

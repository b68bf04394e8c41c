using System.Diagnostics;

namespace SyncStorage.Running;

/// <summary>
/// Keeps result handling away from a service that does not answer. After a failure everybody is turned away at once; when the
/// pause has passed, one caller may try, and each further failure doubles the pause.
/// </summary>
internal sealed class CircuitBreaker
{
    private readonly TimeSpan _firstPause;
    private readonly TimeSpan _longestPause;
    private readonly Func<TimeSpan> _now;
    private readonly object _gate = new();
    private TimeSpan _pause;
    private TimeSpan _openUntil;
    private bool _open;

    /// <param name="firstPause">After the first failure.</param>
    /// <param name="longestPause">However often it failed.</param>
    /// <param name="now">Time since any fixed moment, never going back; null = since now.</param>
    public CircuitBreaker(TimeSpan firstPause, TimeSpan longestPause, Func<TimeSpan>? now = null)
    {
        _firstPause = firstPause;
        _longestPause = longestPause;
        var watch = Stopwatch.StartNew();
        _now = now ?? (() => watch.Elapsed);
    }

    /// <summary>False: do not call the service now. Who gets true says afterwards how it went.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (!_open)
            {
                return true;
            }

            if (_now() < _openUntil)
            {
                return false;
            }

            // This caller tries; the others stay away until it knows.
            _openUntil = _now() + _pause;
            return true;
        }
    }

    /// <summary>The service answered, or there is another one now.</summary>
    public void Succeeded()
    {
        lock (_gate)
        {
            _open = false;
        }
    }

    public void Failed()
    {
        lock (_gate)
        {
            TimeSpan doubled = _pause + _pause;
            _pause = !_open ? _firstPause : doubled < _longestPause ? doubled : _longestPause;
            _openUntil = _now() + _pause;
            _open = true;
        }
    }
}

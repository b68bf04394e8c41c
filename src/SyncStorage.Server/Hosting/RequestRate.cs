namespace SyncStorage.Server.Hosting;

/// <summary>
/// Counts requests, a second at a time. The limit is far above what workers ask for (a thousand of them together stay below a
/// tenth of it): it only keeps a client that has gone wild from taking the whole machine away from the tests.
/// </summary>
/// <param name="perSecond">Requests that are served in a second.</param>
internal sealed class RequestRate(TimeProvider time, int perSecond = RequestRate.Default)
{
    public const int Default = 50_000;

    private readonly object _gate = new();
    private long _second = time.GetTimestamp();
    private int _count;

    /// <exception cref="Refusal">429: too many in this second.</exception>
    public void Count()
    {
        lock (_gate)
        {
            if (time.GetElapsedTime(_second) >= TimeSpan.FromSeconds(1))
            {
                (_second, _count) = (time.GetTimestamp(), 0);
            }

            if (_count >= perSecond)
            {
                throw Refusal.TooMany($"More than {perSecond} requests in a second.");
            }

            _count++;
        }
    }
}

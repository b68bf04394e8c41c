namespace SyncStorage.Server.Hosting;

/// <summary>Wakes a loop: at once when something has happened, else at its next tick.</summary>
internal sealed class Alarm : IDisposable
{
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _rung = new(0, 1);

    public void Ring()
    {
        try
        {
            _rung.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // It is rung already, or nobody listens any more.
        }
    }

    public Task WaitAsync() => WaitAsync(Tick);

    /// <returns>False when nothing has happened for so long.</returns>
    public Task<bool> WaitAsync(TimeSpan atMost) => _rung.WaitAsync(atMost);

    public void Dispose() => _rung.Dispose();
}

namespace SyncStorage.Running;

/// <summary>Does one thing again and again until it is stopped, and at once when somebody asks for it.</summary>
internal sealed class KeepAlive : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _now = new(0, 1);
    private readonly Task _loop;

    public KeepAlive(TimeSpan interval, Func<CancellationToken, Task> beat)
        => _loop = Task.Run(() => RunAsync(interval, beat, _stop.Token));

    /// <summary>Does not wait for the next interval.</summary>
    public void Hurry()
    {
        try
        {
            _now.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Somebody else has hurried or stopped it already.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
        _now.Dispose();
    }

    private async Task RunAsync(TimeSpan interval, Func<CancellationToken, Task> beat, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _now.WaitAsync(interval, stop).ConfigureAwait(false);
                await beat(stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }
}

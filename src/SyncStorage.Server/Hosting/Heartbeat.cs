namespace SyncStorage.Server.Hosting;

/// <summary>
/// Shows that this server's threads get to run: a file's time that goes up by a second with every beat, whatever the clock says. Whoever waits for the server's end tells one that hangs
/// from one that has much to do by it, without a call.
/// </summary>
internal sealed class Heartbeat : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly string _path;
    private readonly Timer _timer;
    private int _beats;

    public Heartbeat(string path)
    {
        _path = path;
        // Empty, and it stays so: a full disk stops no heart.
        File.WriteAllBytes(path, []);
        _timer = new Timer(_ => Beat(), null, TimeSpan.Zero, Pause);
    }

    public void Dispose() => _timer.Dispose();

    private void Beat()
    {
        try
        {
            File.SetLastWriteTimeUtc(_path, DateTime.UnixEpoch.AddSeconds(++_beats));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The session is over.
        }
    }
}

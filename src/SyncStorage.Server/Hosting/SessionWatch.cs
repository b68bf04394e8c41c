using SyncStorage.Server.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Rings when a lease may have been given back or a plan is asked for, so that <c>dotnet test</c> does not wait for a tick. Only a hint: the
/// tick notices as well, also where the file system sends no notices, and a holder that died.
/// </summary>
internal sealed class SessionWatch : IDisposable
{
    private readonly FileSystemWatcher? _leases;
    private readonly FileSystemWatcher? _plans;

    public SessionWatch(Session session, Action ring, ServerLog log)
    {
        try
        {
            _leases = new FileSystemWatcher(session.LeasesDirectory) { NotifyFilter = NotifyFilters.FileName };
            _leases.Deleted += (_, _) => ring();
            _leases.EnableRaisingEvents = true;
            _plans = new FileSystemWatcher(session.PlansDirectory) { NotifyFilter = NotifyFilters.FileName };
            _plans.Renamed += (_, _) => ring();
            _plans.EnableRaisingEvents = true;
        }
        catch (Exception e) when (e is IOException or ArgumentException or PlatformNotSupportedException)
        {
            // Too many watchers on this machine, for one: the ticks do.
            log.Write($"The session is polled only: {e.Message}");
        }
    }

    public void Dispose()
    {
        _leases?.Dispose();
        _plans?.Dispose();
    }
}

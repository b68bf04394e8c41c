using System;
using System.IO;
using SyncStorage.Server.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Rings when a lease may have been given back, so that the end of <c>dotnet test</c> does not wait for a tick. Only a hint: the
/// tick notices as well, also where the file system sends no notices, and a holder that died.
/// </summary>
internal sealed class LeaseWatch : IDisposable
{
    private readonly FileSystemWatcher? _watcher;

    public LeaseWatch(Session session, Action ring, ServerLog log)
    {
        try
        {
            _watcher = new FileSystemWatcher(session.LeasesDirectory) { NotifyFilter = NotifyFilters.FileName };
            _watcher.Deleted += (_, _) => ring();
            _watcher.EnableRaisingEvents = true;
        }
        catch (Exception e) when (e is IOException or ArgumentException or PlatformNotSupportedException)
        {
            // Too many watchers on this machine, for one: the ticks do.
            log.Write($"Leases are polled only: {e.Message}");
        }
    }

    public void Dispose() => _watcher?.Dispose();
}

using System.Collections.Concurrent;
using System.Text.Json;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Running;

/// <summary>
/// A worker's place in its run, from registering to leaving: keeps it alive, learns of a new mastership, and finds a service
/// of ours again that was killed.
/// </summary>
internal sealed class Membership : IAsyncDisposable
{
    private const int MostAttempts = 3;

    private readonly Worker _worker;
    private readonly ServiceFinder _finder;
    private readonly ServiceGuard _guard;
    private readonly SyncStorageOptions _options;
    private readonly RunnerLog _log;
    private readonly ConcurrentQueue<SyncStorageClient> _lost = new();
    private KeepAlive? _keepAlive;
    private volatile ServiceLink? _link;
    private volatile bool _isMaster;
    private volatile bool _mayOffer;

    public Membership(Worker worker, ServiceFinder finder, ServiceGuard guard, SyncStorageOptions options, RunnerLog log)
    {
        _worker = worker;
        _finder = finder;
        _guard = guard;
        _options = options;
        _log = log;
        _guard.Failed += () => _keepAlive?.Hurry();
    }

    /// <summary>The service; null before it was found. Another one after it was killed and came back.</summary>
    public ServiceLink? Link => _link;

    public bool IsMaster => _isMaster;

    /// <summary>True while this worker is master and has not left.</summary>
    public bool MayOffer => _mayOffer;

    /// <summary>Finds or starts the service and registers.</summary>
    public async Task JoinAsync(CancellationToken deadline)
    {
        for (int attempt = 1; ; attempt++)
        {
            ServiceLink link = await _finder.FindAsync(deadline).ConfigureAwait(false);
            try
            {
                _isMaster = await _worker.RegisterAsync(link, deadline).ConfigureAwait(false);
                _link = link;
                _mayOffer = _isMaster;
                _keepAlive = new KeepAlive(_options.KeepAliveInterval, BeatAsync);
                _log.Information($"Worker {_worker.Pid} takes part in its run at {link.Client.Url}{(_isMaster ? " as its master" : "")}.");
                return;
            }
            catch (SyncStorageClientException e) when (e.Status is null && attempt < MostAttempts)
            {
                // It was just ending, as the service of an earlier run may be: the next look finds or starts another.
                link.Dispose();
                _log.Debug($"Sync Storage went away while this worker registered. {e.Message}");
            }
            catch
            {
                link.Dispose();
                throw;
            }
        }
    }

    /// <summary>Offers nothing any more and says no longer that it lives.</summary>
    public async Task EndAsync()
    {
        _mayOffer = false;
        KeepAlive? keepAlive = Interlocked.Exchange(ref _keepAlive, null);
        if (keepAlive is not null)
        {
            await keepAlive.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Needs the service no longer; it may end with the run.</summary>
    public void Release() => _link?.Lease?.Dispose();

    /// <summary>Needs the service no longer. The last one waits until a service of ours has closed the run and ended.</summary>
    /// <returns>True when it has ended; false when others need it still, or it is not ours.</returns>
    public async Task<bool> LeaveAsync(CancellationToken cancellation)
    {
        Session? session = _link?.OwnSession;
        ProcessIdentity? server = session?.ReadStarted();
        Release();
        if (server is null || session!.HasLeases())
        {
            return false;
        }

        Task<bool> signOff = _finder.WaitForSignOffAsync(session, server);
        await Task.WhenAny(signOff, Task.Delay(Timeout.Infinite, cancellation)).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        bool ended = await signOff.ConfigureAwait(false);
        if (!ended)
        {
            _log.Trouble($"Sync Storage (process {server.Id}) has not ended within {_options.CompletionTimeout.TotalSeconds} s.");
        }

        TellWhatIsLeft();
        return ended;
    }

    /// <summary>Nobody but the last worker's log would say that the held-back result has no final status.</summary>
    private void TellWhatIsLeft()
    {
        try
        {
            foreach (Diagnostic notice in Report.Read(new RunFolder(_link!.Directory!, _worker.TestRunId).ReportPath).Notices.Where(notice => notice.Code is not null))
            {
                _log.Warning(notice.ToString());
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            _log.Debug($"The report of the run cannot be read. {e.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync().ConfigureAwait(false);
        while (_lost.TryDequeue(out SyncStorageClient? client))
        {
            client.Dispose();
        }

        _link?.Dispose();
    }

    private async Task BeatAsync(CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(_options.StartupTimeout);
        try
        {
            ServiceLink link = _link!;
            if (link.OwnSession is not null && link.ServerProcess?.IsAlive() != true)
            {
                await ComeBackAsync(link, deadline.Token).ConfigureAwait(false);
            }
            else if (!await IsKnownAsync(link, deadline.Token).ConfigureAwait(false))
            {
                await RegisterAgainAsync(link, deadline.Token).ConfigureAwait(false);
            }
            else if (!_isMaster && link.TellsHeld)
            {
                // When the master dies with the slot free, somebody else becomes it; registering again tells.
                Promote(await _worker.RegisterAsync(link, deadline.Token).ConfigureAwait(false));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            _log.Trouble($"Could not tell Sync Storage that this worker lives; going on without. {e.Message}");
        }
    }

    private async Task<bool> IsKnownAsync(ServiceLink link, CancellationToken deadline)
    {
        try
        {
            await _worker.KeepAliveAsync(link, deadline).ConfigureAwait(false);
            return true;
        }
        catch (SyncStorageClientException e) when (e.Status == 404)
        {
            _log.Debug($"Sync Storage has forgotten this worker; registering again. {e.Message}");
            return false;
        }
    }

    private async Task ComeBackAsync(ServiceLink lost, CancellationToken deadline)
    {
        _log.Trouble("The Sync Storage that was started for this run is gone; it is started again from its journal.");
        ServiceLink link = await _finder.RestartAsync(lost, deadline).ConfigureAwait(false);
        await RegisterAgainAsync(link, deadline).ConfigureAwait(false);
        _link = link;
        _guard.Reset();
        // Not disposed yet: on the same port, a call that it has sent may still be answered.
        _lost.Enqueue(lost.Client);
    }

    private async Task RegisterAgainAsync(ServiceLink link, CancellationToken deadline)
    {
        Promote(await _worker.RegisterAsync(link, deadline).ConfigureAwait(false));
        await _worker.SetStatusAsync(link, SyncStorageWorkerStatus.InProgress, deadline).ConfigureAwait(false);
    }

    private void Promote(bool isMaster)
    {
        if (isMaster && !_isMaster)
        {
            _log.Information($"Worker {_worker.Pid} is the master of its run now.");
        }

        _isMaster = isMaster;
        _mayOffer = isMaster;
    }
}

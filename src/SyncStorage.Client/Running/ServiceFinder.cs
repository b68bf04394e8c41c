using SyncStorage.Protocol;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Running;

/// <summary>Joins the Sync Storage that runs already, or starts the embedded one.</summary>
internal sealed class ServiceFinder
{
    private const string Option = $"{nameof(SyncStorageOptions)}.{nameof(SyncStorageOptions.ServiceUrl)}";

    // Whoever listens and says nothing for so long is no Sync Storage that tests could wait for.
    private static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(250);

    private readonly SyncStorageConfig _config;
    private readonly SyncStorageOptions _options;
    private readonly RunnerLog _log;

    // Now, since the tests may change the current folder.
    private readonly string _directory;

    public ServiceFinder(SyncStorageConfig config, SyncStorageOptions options, RunnerLog log)
    {
        _config = config;
        _options = options;
        _log = log;
        _directory = Path.GetFullPath(options.Directory);
    }

    /// <exception cref="SyncStorageClientException">ServiceUrl is no address, or there is no service and none may be started.</exception>
    /// <exception cref="IOException">The embedded server could not be started.</exception>
    public async Task<ServiceLink> FindAsync(CancellationToken cancellation)
    {
        if (_options.ServiceUrl is string url)
        {
            return await WaitForAsync(url, cancellation).ConfigureAwait(false);
        }

        string? listener = _config.Port == 0 ? null : LoopbackPort.FindListener(_config.Port);
        if (listener is not null)
        {
            try
            {
                return await JoinAsync(listener, null, cancellation).ConfigureAwait(false);
            }
            catch (SyncStorageClientException e) when (_options.StartServer)
            {
                _log.Information($"Port {_config.Port} is taken by something that is no Sync Storage; ours takes a free one. {e.Message}");
            }
        }

        return _options.StartServer
            ? await StartAsync(cancellation).ConfigureAwait(false)
            : throw new SyncStorageClientException($"No Sync Storage listens on port {_config.Port}, and none is to be started.", null, null);
    }

    /// <summary>Our session's server was lost: finds the one that somebody restarted, or restarts it. The lease is still held.</summary>
    public async Task<ServiceLink> RestartAsync(ServiceLink lost, CancellationToken cancellation)
    {
        ServerState state = await EnsureServerAsync(lost.OwnSession!, cancellation).ConfigureAwait(false);
        return LinkTo(state, lost.OwnSession!, lost.Lease!);
    }

    /// <summary>Our lease was the last one: waits until the server has closed its runs and ended.</summary>
    public async Task<bool> WaitForSignOffAsync(Session session, int server)
        => await SessionServer.WaitForSignOffAsync(session, HowToStart(), server).ConfigureAwait(false) is null;

    /// <summary>The coordinator of several machines may come up after its workers: asked again until the startup's deadline.</summary>
    private async Task<ServiceLink> WaitForAsync(string url, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
        {
            throw new SyncStorageClientException($"{Option} is '{url}', which is not an address such as http://coordinator:49152.", null, null);
        }

        string? last = null;
        while (true)
        {
            try
            {
                return await JoinAsync(url, SharedSecret.Read(), cancellation).ConfigureAwait(false);
            }
            catch (SyncStorageClientException e)
            {
                if (e.Message != last)
                {
                    last = e.Message;
                    _log.Information($"Waiting for the Sync Storage at {url} ({Option}). {last}");
                }
            }

            await Task.Delay(AskAgain, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<ServiceLink> JoinAsync(string url, string? secret, CancellationToken cancellation)
    {
        var client = new SyncStorageClient(url, secret);
        try
        {
            HealthResponse health = await AskHealthAsync(client, cancellation).ConfigureAwait(false);
            (Session? session, ServerState? server) = FindSession(health);
            if (session is not null && session.Directory == OwnSession().Directory && _options.StartServer)
            {
                // Another worker of our run has started it. It may be about to stop, which only its lock tells.
                client.Dispose();
                return await StartAsync(cancellation).ConfigureAwait(false);
            }

            if (server is not null)
            {
                // What our server wrote down counts, and not where somebody answered who knows its session.
                client.Dispose();
                client = new SyncStorageClient(server.Url, secret ?? server.Secret);
            }

            bool isTrusted = server is not null || _options.ServiceUrl is not null;
            _log.Information($"Joined the Sync Storage at {client.Url}.");
            if (!isTrusted && _config.PrivateToken is not null)
            {
                _log.Warning(
                    $"The Sync Storage at {client.Url} is not proved to be yours, so neither the private token nor the address of Test IT is sent to it; it has to know them itself to finish a result that is held back. If it is yours, name it in {Option}.");
            }

            return new ServiceLink(client) { TellsHeld = health.Server is not null, IsTrusted = isTrusted, Lease = session?.TakeLease() };
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private static async Task<HealthResponse> AskHealthAsync(SyncStorageClient client, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(HealthTimeout);
        try
        {
            HealthResponse health = await client.HealthAsync(deadline.Token).ConfigureAwait(false);
            return string.Equals(health.Status, "ok", StringComparison.OrdinalIgnoreCase)
                ? health
                : throw new SyncStorageClientException($"{client.Url}{Routes.Health} does not say that it is healthy.", 200, null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new SyncStorageClientException($"{client.Url}{Routes.Health} did not answer within {HealthTimeout.TotalSeconds} s.", null, null);
        }
    }

    /// <summary>
    /// The session of the embedded server that answers, which looks there for who needs it, and that server as it wrote itself down. The path
    /// comes from whoever listens on the port, so it counts only if it is where sessions of this user are, and the server of that session runs.
    /// </summary>
    private static (Session? Session, ServerState? Server) FindSession(HealthResponse health)
        => health.Session is string directory && Session.IsSessionDirectory(directory) && Session.At(directory) is Session session && session.ReadServer() is { } server && server.IsRunning()
            ? (session, server)
            : default;

    private Session OwnSession() => Session.ForKey($"library, port {_config.Port}, run {_config.TestRunId}");

    private async Task<ServiceLink> StartAsync(CancellationToken cancellation)
    {
        _ = Task.Run(() => WarmUp.RunAsync(_log), CancellationToken.None);
        while (true)
        {
            Session session = OwnSession();
            SessionLease? lease = null;
            try
            {
                lease = session.TakeLease();
                ServerState state = await EnsureServerAsync(session, cancellation).ConfigureAwait(false);
                if (File.Exists(lease.Path))
                {
                    _log.Information($"Sync Storage runs at {state.Url} for run {_config.TestRunId}; its report goes to {state.Directory}.");
                    Array.ForEach(state.Notices, notice => _log.Information(notice.ToString()));
                    return LinkTo(state, session, lease);
                }
            }
            catch (DirectoryNotFoundException)
            {
                // A server that has just ended removed its session's folder under our hands: again, in a new one.
            }
            catch
            {
                lease?.Dispose();
                throw;
            }

            lease?.Dispose();
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private static ServiceLink LinkTo(ServerState state, Session session, SessionLease lease) => new(new SyncStorageClient(state.Url, state.Secret))
    {
        TellsHeld = true,
        IsTrusted = true,
        OwnSession = session,
        Directory = state.Directory,
        ServerProcess = state.ProcessId,
        Lease = lease,
    };

    private ServerStart HowToStart() => new()
    {
        Port = _config.Port,
        Directory = _directory,
        TestRunId = _config.TestRunId!,
        CompletionTimeout = (int)Math.Ceiling(_options.CompletionTimeout.TotalSeconds),
    };

    private async Task<ServerState> EnsureServerAsync(Session session, CancellationToken cancellation)
    {
        ServerStart start = HowToStart();
        while (true)
        {
            await SessionServer.EnsureAsync(session, start, cancellation: cancellation).ConfigureAwait(false);
            // Not before: the server reads it when the first worker registers, and every millisecond until it starts counts.
            session.WriteRun(new RunSettings { TestRunId = _config.TestRunId!, TestRunIdGiven = true, Url = _config.BaseUrl, ProjectId = _config.ProjectId, CertValidation = _config.CertValidation });
            ServerState? state = await session.WaitForServerAsync(LookAgain, cancellation).ConfigureAwait(false);
            if (state is not null && state.IsRunning())
            {
                return state;
            }

            if (session.ReadStartError() is { } reason)
            {
                throw new IOException("The embedded Sync Storage could not start: " + reason);
            }

            // Slow to start, or gone before we saw it: the next round sees which.
            cancellation.ThrowIfCancellationRequested();
        }
    }
}

using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Running;
using SyncStorage.Sessions;

namespace SyncStorage;

/// <summary>
/// One worker of a coordinated test run: joins the Sync Storage that runs on this machine or starts one, learns whether it
/// is the master, keeps itself alive, and ends. Whatever goes wrong is logged, and the worker then behaves as without Sync
/// Storage. All members may be called from any thread.
/// </summary>
public sealed class SyncStorageRunner : IAsyncDisposable
{
    private const int MostAttempts = 3;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly SyncStorageConfig _config;
    private readonly SyncStorageOptions _options;
    private readonly RunnerLog _log;
    private readonly ServiceFinder _finder;
    private readonly ServiceGuard _guard;
    private readonly Worker _worker;
    private readonly InProgressSlot _slot = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly ConcurrentQueue<SyncStorageClient> _lost = new();
    private readonly object _gate = new();
    private Task<bool>? _starting;
    private Task? _stopping;
    private KeepAlive? _keepAlive;
    private volatile ServiceLink? _link;
    private volatile bool _isMaster;
    private volatile bool _isRunning;
    private volatile bool _mayOffer;
    private volatile bool _ended;

    /// <summary>Creates a worker; nothing happens before <see cref="StartAsync"/>.</summary>
    /// <param name="config">Which run, and where. Later changes of it have no effect.</param>
    /// <param name="options">How to behave; null = the defaults.</param>
    public SyncStorageRunner(SyncStorageConfig config, SyncStorageOptions? options = null)
    {
        _config = (config ?? throw new ArgumentNullException(nameof(config))).Copy();
        _options = (options ?? new SyncStorageOptions()).Copy();
        _log = new RunnerLog(_options.Log, _config.PrivateToken);
        _finder = new ServiceFinder(_config, _options, _log);
        _guard = new ServiceGuard(new CircuitBreaker(FirstPause, LongestPause), _log);
        _guard.Failed += () => _keepAlive?.Hurry();
        _worker = new Worker(_config, _options);
    }

    /// <summary>Creates a worker from the four values that adapters have at hand.</summary>
    /// <param name="testRunId">Id of the test run that all workers share.</param>
    /// <param name="port">Port of Sync Storage on this machine; 0 = any free one.</param>
    /// <param name="baseUrl">Address of Test IT, or null when the results are not for Test IT.</param>
    /// <param name="privateToken">Token for Test IT.</param>
    public SyncStorageRunner(string testRunId, int port = SyncStorageConfig.DefaultPort, string? baseUrl = null, string? privateToken = null)
        : this(new SyncStorageConfig(testRunId, port, baseUrl, privateToken))
    {
    }

    /// <summary>Name of this worker within the run; never the same twice.</summary>
    public string WorkerPid => _worker.Pid;

    /// <summary>The run that this worker takes part in.</summary>
    public string? TestRunId => _config.TestRunId;

    /// <summary>True when this worker is the one of its run whose first result is held back.</summary>
    public bool IsMaster => _isMaster;

    /// <summary>True from a successful <see cref="StartAsync"/> to <see cref="StopAsync"/>.</summary>
    public bool IsRunning => _isRunning;

    /// <summary>True when the service was there before and is not ours: it is never stopped.</summary>
    public bool IsExternal => _link is { OwnSession: null };

    /// <summary>Address of the service, such as http://127.0.0.1:49152; null before it was found.</summary>
    public string? Url => _link?.Client.Url;

    /// <summary>Joins or starts Sync Storage and registers this worker. Calling it again gives the same answer, or another try after a failure.</summary>
    /// <param name="cancellationToken">Gives up early.</param>
    /// <returns>True when the worker takes part. False when it does not: the reason was logged, and every result is to be handled normally.</returns>
    /// <exception cref="SyncStorageStartupException">The deadline passed and <see cref="SyncStorageOptions.ThrowOnStartupTimeout"/> is set.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<bool> StartAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_stopping is null && (_starting is null || (_starting.IsCompleted && !_isRunning)))
            {
                // On a thread of the pool: finding and starting touch files before they first wait.
                _starting = Task.Run(() => StartCoreAsync(cancellationToken), CancellationToken.None);
            }

            return _starting ?? Task.FromResult(false);
        }
    }

    /// <summary>
    /// Offers a finished test to the run's in-progress slot. Answers at once, without a call, for a worker that is not master
    /// or has offered one already. Never throws.
    /// </summary>
    /// <param name="result">The finished test with its final outcome.</param>
    /// <param name="cancellationToken">Stops waiting for the answer; the result is then to be written normally.</param>
    /// <returns>True when the result is held back: write it as InProgress. False: write it normally.</returns>
    public ValueTask<bool> SendInProgressTestResultAsync(SyncStorageTestResult result, CancellationToken cancellationToken = default)
        => _mayOffer && _slot.TryBegin() ? new ValueTask<bool>(OfferAsync(result, cancellationToken)) : default;

    /// <summary>Tells Sync Storage what this worker does; starting and stopping tell it already. Never throws.</summary>
    /// <param name="status">In progress or completed.</param>
    /// <param name="cancellationToken">Stops waiting for the answer.</param>
    /// <returns>True when the service took it.</returns>
    public async Task<bool> SetWorkerStatusAsync(SyncStorageWorkerStatus status, CancellationToken cancellationToken = default)
    {
        if (!_isRunning || _link is not ServiceLink link)
        {
            return false;
        }

        Answer<bool> answer = await _guard.AskAsync(
            $"tell the status of worker {WorkerPid}", deadline => _worker.SetStatusAsync(link, status, deadline), _options.ResultTimeout, cancellationToken).ConfigureAwait(false);
        return answer.Given;
    }

    /// <summary>
    /// Declares this worker completed and waits until all workers of the run are, and the held-back result has its final status; at
    /// most <see cref="SyncStorageOptions.CompletionTimeout"/>. Never throws.
    /// </summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>True when the run is completed.</returns>
    public async Task<bool> WaitForCompletionAsync(CancellationToken cancellationToken = default)
    {
        if (_ended)
        {
            return true;
        }

        // Or it would wait for itself.
        await SetWorkerStatusAsync(SyncStorageWorkerStatus.Completed, cancellationToken).ConfigureAwait(false);
        return await CompleteAsync("wait for the completion of the run", (link, deadline) => link.Client.WaitCompletionAsync(TestRunId!, deadline), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Completes the run now, whatever its workers do. Never throws.</summary>
    /// <param name="cancellationToken">Stops waiting for the answer.</param>
    /// <returns>True when the run is completed.</returns>
    public Task<bool> ForceCompletionAsync(CancellationToken cancellationToken = default)
        => CompleteAsync("force the completion of the run", (link, deadline) => link.Client.ForceCompletionAsync(TestRunId!, deadline), cancellationToken);

    /// <summary>
    /// Ends this worker. A service that was started for the run ends with its last worker, which waits for that (at most
    /// <see cref="SyncStorageOptions.CompletionTimeout"/>); an external one is left alone. Calling it again waits for the same end.
    /// Never throws.
    /// </summary>
    /// <param name="cancellationToken">Stops waiting for the service; the worker itself has ended then.</param>
    public Task StopAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return _stopping ??= Task.Run(() => StopCoreAsync(cancellationToken), CancellationToken.None);
        }
    }

    /// <summary>Stops if need be.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        while (_lost.TryDequeue(out SyncStorageClient? client))
        {
            client.Dispose();
        }

        _link?.Dispose();
        _abandon.Dispose();
    }

    /// <summary>A further result may be offered; the service decides whether the run's slot is free.</summary>
    internal void ReopenSlot() => _slot.Reopen();

    internal RunnerLog Logger => _log;

    private async Task<bool> StartCoreAsync(CancellationToken cancellation)
    {
        if (!_config.Enabled)
        {
            _log.Information("Sync Storage is switched off (syncStorageEnabled).");
            return false;
        }

        foreach (SyncStorageConfigProblem problem in _config.Validate())
        {
            _log.Error(problem.Message);
        }

        if (!_config.IsValid)
        {
            return false;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _abandon.Token);
        deadline.CancelAfter(_options.StartupTimeout);
        try
        {
            (ServiceLink link, bool isMaster) = await RegisterAsync(deadline.Token).ConfigureAwait(false);
            Begin(link, isMaster);
            if (!link.TellsHeld)
            {
                // To our own server registering says it already.
                await SetWorkerStatusAsync(SyncStorageWorkerStatus.InProgress, deadline.Token).ConfigureAwait(false);
            }

            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
        {
            _log.Debug("Stopped before Sync Storage was ready.");
            return false;
        }
        catch (OperationCanceledException e)
        {
            string message = $"Sync Storage was not ready within {_options.StartupTimeout.TotalSeconds} s; results are handled normally.";
            _log.Error(message);
            return _options.ThrowOnStartupTimeout ? throw new SyncStorageStartupException(message, e) : false;
        }
        catch (SyncStorageClientException e)
        {
            _log.Error($"This worker could not be registered with Sync Storage; results are handled normally. {e.Message}");
            return false;
        }
        catch (Exception e)
        {
            _log.Error($"Sync Storage could not be started; results are handled normally. {e.Message}");
            return false;
        }
    }

    private async Task<(ServiceLink Link, bool IsMaster)> RegisterAsync(CancellationToken deadline)
    {
        for (int attempt = 1; ; attempt++)
        {
            ServiceLink link = await _finder.FindAsync(deadline).ConfigureAwait(false);
            try
            {
                return (link, await _worker.RegisterAsync(link, deadline).ConfigureAwait(false));
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

    private void Begin(ServiceLink link, bool isMaster)
    {
        _link = link;
        _isMaster = isMaster;
        _isRunning = true;
        _mayOffer = isMaster;
        _keepAlive = new KeepAlive(_options.KeepAliveInterval, BeatAsync);
        _log.Information($"Worker {WorkerPid} takes part in run {TestRunId} at {link.Client.Url}{(isMaster ? " as its master" : "")}.");
    }

    private async Task<bool> OfferAsync(SyncStorageTestResult result, CancellationToken cancellation)
    {
        Answer<bool> answer = default;
        if (result is null)
        {
            _log.Trouble("A result was null; nothing was offered.");
        }
        else if (_link is ServiceLink link)
        {
            answer = await _guard.AskAsync(
                "offer a result", deadline => _worker.OfferAsync(link, result, deadline), _options.ResultTimeout, cancellation).ConfigureAwait(false);
        }

        _slot.End(decided: answer.Given);
        if (answer.Given)
        {
            _log.Information(answer.Value ? $"Held back until all workers are done: {result}" : "The run holds another result back already.");
        }

        return answer.Value;
    }

    /// <summary>Says that this worker lives; learns of a new mastership; finds a service of ours that was killed again.</summary>
    private async Task BeatAsync(CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(_options.StartupTimeout);
        ServiceLink link = _link!;
        try
        {
            if (link.OwnSession is not null && !SessionServer.IsAlive(link.ServerProcess))
            {
                await ComeBackAsync(link, deadline.Token).ConfigureAwait(false);
                return;
            }

            await _worker.KeepAliveAsync(link, deadline.Token).ConfigureAwait(false);
            if (!_isMaster && link.TellsHeld)
            {
                // When the master dies with the slot free, somebody else becomes it; registering again tells.
                Promote(await _worker.RegisterAsync(link, deadline.Token).ConfigureAwait(false));
            }
        }
        catch (SyncStorageClientException e) when (e.Status == 404)
        {
            _log.Debug($"Sync Storage has forgotten this worker; registering again. {e.Message}");
            await RegisterAgainAsync(link, deadline.Token).ConfigureAwait(false);
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

    private async Task ComeBackAsync(ServiceLink lost, CancellationToken deadline)
    {
        _log.Trouble("The Sync Storage that was started for this run is gone; it is started again from its journal.");
        ServiceLink link = await _finder.RestartAsync(lost, deadline).ConfigureAwait(false);
        Promote(await _worker.RegisterAsync(link, deadline).ConfigureAwait(false));
        _link = link;
        _guard.Reset();
        // Not disposed yet: on the same port, a call that it has sent may still be answered.
        _lost.Enqueue(lost.Client);
        await _worker.SetStatusAsync(link, SyncStorageWorkerStatus.InProgress, deadline).ConfigureAwait(false);
    }

    private async Task RegisterAgainAsync(ServiceLink link, CancellationToken deadline)
    {
        try
        {
            Promote(await _worker.RegisterAsync(link, deadline).ConfigureAwait(false));
            await _worker.SetStatusAsync(link, SyncStorageWorkerStatus.InProgress, deadline).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SyncStorageClientException or OperationCanceledException)
        {
            _log.Trouble($"This worker could not be registered again; going on without. {e.Message}");
        }
    }

    private void Promote(bool isMaster)
    {
        if (isMaster && !_isMaster)
        {
            _log.Information($"Worker {WorkerPid} is the master of run {TestRunId} now.");
        }

        _isMaster = isMaster;
        _mayOffer = isMaster && _isRunning;
    }

    private async Task<bool> CompleteAsync(string what, Func<ServiceLink, CancellationToken, Task<CompletionResponse>> call, CancellationToken cancellation)
    {
        if (_link is not ServiceLink link)
        {
            _log.Debug($"Did not {what}: this worker takes part in none.");
            return false;
        }

        Answer<CompletionResponse> answer = await _guard.AskAsync(
            what, deadline => call(link, deadline), _options.CompletionTimeout, cancellation).ConfigureAwait(false);
        return answer.Value?.Completed ?? false;
    }

    private async Task StopCoreAsync(CancellationToken cancellation)
    {
        try
        {
            _abandon.Cancel();
            if (_starting is not null)
            {
                // Its outcome was somebody else's to see.
                await Task.WhenAny(_starting).ConfigureAwait(false);
            }

            _mayOffer = false;
            if (_keepAlive is not null)
            {
                await _keepAlive.DisposeAsync().ConfigureAwait(false);
            }

            // However it went before: a service that is well again must not wait for a worker that has ended.
            _guard.Reset();
            await SetWorkerStatusAsync(SyncStorageWorkerStatus.Completed, CancellationToken.None).ConfigureAwait(false);
            _isRunning = false;
            if (_link is ServiceLink link)
            {
                await LeaveAsync(link, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _log.Debug("Did not wait for the end of Sync Storage.");
        }
        catch (Exception e)
        {
            _log.Trouble($"Sync Storage did not end as it should. {e.Message}");
        }
    }

    private async Task LeaveAsync(ServiceLink link, CancellationToken cancellation)
    {
        int? server = link.OwnSession?.ReadStarted();
        link.Lease?.Dispose();
        if (server is null || link.OwnSession!.HasLeases())
        {
            return;
        }

        Task<bool> signOff = _finder.WaitForSignOffAsync(link.OwnSession, server.Value);
        await Task.WhenAny(signOff, Task.Delay(Timeout.Infinite, cancellation)).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        _ended = await signOff.ConfigureAwait(false);
        if (!_ended)
        {
            _log.Trouble($"Sync Storage (process {server}) has not ended within {_options.CompletionTimeout.TotalSeconds} s.");
        }
    }
}

using SyncStorage.Protocol;
using SyncStorage.Running;

namespace SyncStorage;

/// <summary>
/// One worker of a coordinated test run: joins the Sync Storage that runs on this machine or starts one, learns whether it
/// is the master, keeps itself alive, and ends. Whatever goes wrong is logged, and the worker then behaves as without Sync
/// Storage. All members may be called from any thread.
/// </summary>
public sealed class SyncStorageRunner : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly SyncStorageConfig _config;
    private readonly SyncStorageOptions _options;
    private readonly RunnerLog _log;
    private readonly ServiceGuard _guard;
    private readonly Worker _worker;
    private readonly Membership _membership;
    private readonly InProgressSlot _slot = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly object _gate = new();
    private Task<bool>? _starting;
    private Task? _endingWorker;
    private Task? _stopping;
    private volatile bool _isRunning;
    private volatile bool _ended;

    /// <summary>Creates a worker; nothing happens before <see cref="StartAsync"/>.</summary>
    /// <param name="config">Which run, and where. Later changes of it have no effect.</param>
    /// <param name="options">How to behave; null = the defaults.</param>
    public SyncStorageRunner(SyncStorageConfig config, SyncStorageOptions? options = null)
    {
        _config = (config ?? throw new ArgumentNullException(nameof(config))).Copy();
        _options = (options ?? new SyncStorageOptions()).Copy();
        _log = new RunnerLog(_options.Log, _config.PrivateToken);
        _guard = new ServiceGuard(new CircuitBreaker(FirstPause, LongestPause), _log);
        _worker = new Worker(_config, _options);
        _membership = new Membership(_worker, new ServiceFinder(_config, _options, _log), _guard, _options, _log);
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
    public bool IsMaster => _membership.IsMaster;

    /// <summary>True from a successful <see cref="StartAsync"/> to <see cref="StopAsync"/> or <see cref="WaitForCompletionAsync"/>.</summary>
    public bool IsRunning => _isRunning;

    /// <summary>True when the service was there before and is not ours: it is never stopped.</summary>
    public bool IsExternal => _membership.Link is { OwnSession: null };

    /// <summary>Address of the service, such as http://127.0.0.1:49152; null before it was found.</summary>
    public string? Url => _membership.Link?.Client.Url;

    /// <summary>Joins or starts Sync Storage and registers this worker. Calling it again gives the same answer, or another try after a failure.</summary>
    /// <param name="cancellationToken">Gives up early.</param>
    /// <returns>True when the worker takes part. False when it does not: the reason was logged, and every result is to be handled normally.</returns>
    /// <exception cref="SyncStorageStartupException">The deadline passed and <see cref="SyncStorageOptions.ThrowOnStartupTimeout"/> is set.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<bool> StartAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_endingWorker is null && _stopping is null && (_starting is null || (_starting.IsCompleted && !_isRunning)))
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
        => _membership.MayOffer && _slot.TryBegin() ? new ValueTask<bool>(OfferAsync(result, cancellationToken)) : default;

    /// <summary>Tells Sync Storage what this worker does; starting and stopping tell it already. Never throws.</summary>
    /// <param name="status">In progress or completed.</param>
    /// <param name="cancellationToken">Stops waiting for the answer.</param>
    /// <returns>True when the service took it.</returns>
    public async Task<bool> SetWorkerStatusAsync(SyncStorageWorkerStatus status, CancellationToken cancellationToken = default)
    {
        if (!_isRunning || _membership.Link is not ServiceLink link)
        {
            return false;
        }

        Answer<bool> answer = await _guard.AskAsync(
            $"tell the status of worker {WorkerPid}", deadline => _worker.SetStatusAsync(link, status, deadline), _options.ResultTimeout, cancellationToken).ConfigureAwait(false);
        return answer.Given;
    }

    /// <summary>
    /// Ends this worker, which offers no further results, and waits until all workers of the run have ended and the held-back
    /// result has its final status; at most <see cref="SyncStorageOptions.CompletionTimeout"/>. Never throws.
    /// </summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>True when the run is completed.</returns>
    public async Task<bool> WaitForCompletionAsync(CancellationToken cancellationToken = default)
    {
        if (_ended)
        {
            return true;
        }

        if (_membership.Link is not null)
        {
            // Or it would wait for itself.
            await EndWorkerAsync().ConfigureAwait(false);
            _membership.Release();
        }

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
        await _membership.DisposeAsync().ConfigureAwait(false);
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
            await _membership.JoinAsync(deadline.Token).ConfigureAwait(false);
            _isRunning = true;
            if (_membership.Link is { TellsHeld: false })
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

    private async Task<bool> OfferAsync(SyncStorageTestResult result, CancellationToken cancellation)
    {
        Answer<bool> answer = default;
        if (result is null)
        {
            _log.Trouble("A result was null; nothing was offered.");
        }
        else if (_membership.Link is ServiceLink link)
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

    private async Task<bool> CompleteAsync(string what, Func<ServiceLink, CancellationToken, Task<CompletionResponse>> call, CancellationToken cancellation)
    {
        if (_membership.Link is not ServiceLink link)
        {
            _log.Debug($"Did not {what}: this worker takes part in none.");
            return false;
        }

        Answer<CompletionResponse> answer = await _guard.AskAsync(
            what, deadline => call(link, deadline), _options.CompletionTimeout, cancellation).ConfigureAwait(false);
        return answer.Value?.Completed ?? false;
    }

    private Task EndWorkerAsync()
    {
        lock (_gate)
        {
            return _endingWorker ??= Task.Run(EndWorkerCoreAsync, CancellationToken.None);
        }
    }

    private async Task EndWorkerCoreAsync()
    {
        await _membership.EndAsync().ConfigureAwait(false);
        // However it went before: a service that is well again must not wait for a worker that has ended.
        _guard.Reset();
        await SetWorkerStatusAsync(SyncStorageWorkerStatus.Completed, CancellationToken.None).ConfigureAwait(false);
        _isRunning = false;
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

            await EndWorkerAsync().ConfigureAwait(false);
            _ended = await _membership.LeaveAsync(cancellation).ConfigureAwait(false);
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
}

using SyncStorage.Running;

namespace SyncStorage;

/// <summary>
/// An adapter that is complete but for one thing: how its framework's results are written. Whatever happens to Sync Storage,
/// each result is written exactly once.
/// </summary>
public abstract class SyncStorageAdapter : ISyncStorageAdapter
{
    private readonly SyncStorageOptions _options;
    private SyncStorageRunner? _runner;
    private TestResultManager? _manager;

    /// <summary>Creates an adapter.</summary>
    /// <param name="options">How to behave; null = the defaults.</param>
    protected SyncStorageAdapter(SyncStorageOptions? options = null) => _options = options ?? new SyncStorageOptions();

    /// <inheritdoc/>
    public bool IsMaster => _runner?.IsMaster ?? false;

    /// <summary>The worker behind this adapter; null before <see cref="Initialize"/>.</summary>
    protected SyncStorageRunner? Runner => _runner;

    /// <inheritdoc/>
    public virtual bool Initialize(SyncStorageConfig config)
    {
        _ = config ?? throw new ArgumentNullException(nameof(config));
        _runner = new SyncStorageRunner(config, _options);
        _manager = new TestResultManager(_runner);
        return config.Enabled && config.IsValid;
    }

    /// <inheritdoc/>
    public virtual Task<bool> StartAsync(CancellationToken cancellationToken = default)
        => _runner?.StartAsync(cancellationToken) ?? throw new InvalidOperationException($"Call {nameof(Initialize)} first.");

    /// <inheritdoc/>
    public async ValueTask<bool> OnTestCaseCompletedAsync(SyncStorageTestResult result, CancellationToken cancellationToken = default)
    {
        bool held = _manager is not null && await _manager.HandleTestCompletionAsync(result, cancellationToken).ConfigureAwait(false);
        try
        {
            await WriteResultAsync(result, held, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The framework has finished its test; that its result could not be written must not make it fail.
            Log.Error($"The result could not be written. {result}: {e.Message}");
        }

        return held;
    }

    /// <inheritdoc/>
    public virtual void FinalizeTestHandling() => _manager?.FinalizeTestHandling();

    /// <inheritdoc/>
    public virtual Task StopAsync(CancellationToken cancellationToken = default) => _runner?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Stops if need be.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        if (_runner is not null)
        {
            await _runner.DisposeAsync().ConfigureAwait(false);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Writes one result, to Test IT or wherever the framework reports. Called once for each result; an exception is logged.</summary>
    /// <param name="result">The finished test.</param>
    /// <param name="inProgress">True: write it as InProgress, Sync Storage gives it its final status when all workers are done.</param>
    /// <param name="cancellationToken">The caller's.</param>
    protected abstract Task WriteResultAsync(SyncStorageTestResult result, bool inProgress, CancellationToken cancellationToken);

    private RunnerLog Log => _runner?.Logger ?? new RunnerLog(_options.Log, secret: null);
}

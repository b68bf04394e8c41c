namespace SyncStorage;

/// <summary>What the adapter of a test framework does for a coordinated run, in this order. <see cref="SyncStorageAdapter"/> implements it.</summary>
public interface ISyncStorageAdapter : IAsyncDisposable
{
    /// <summary>True when this worker is the one of its run whose first result is held back.</summary>
    bool IsMaster { get; }

    /// <summary>Takes the settings.</summary>
    /// <param name="config">Which run, and where.</param>
    /// <returns>True when the settings are valid and Sync Storage is switched on.</returns>
    bool Initialize(SyncStorageConfig config);

    /// <summary>Before the first test: joins or starts Sync Storage.</summary>
    /// <param name="cancellationToken">Gives up early.</param>
    /// <returns>False when the tests run without Sync Storage.</returns>
    Task<bool> StartAsync(CancellationToken cancellationToken = default);

    /// <summary>For every finished test: decides how its result is to be written, and writes it.</summary>
    /// <param name="result">The finished test with its final outcome.</param>
    /// <param name="cancellationToken">Stops waiting for Sync Storage.</param>
    /// <returns>True when the result is held back.</returns>
    ValueTask<bool> OnTestCaseCompletedAsync(SyncStorageTestResult result, CancellationToken cancellationToken = default);

    /// <summary>After a round of tests was written.</summary>
    void FinalizeTestHandling();

    /// <summary>After the last test.</summary>
    /// <param name="cancellationToken">Stops waiting for Sync Storage.</param>
    Task StopAsync(CancellationToken cancellationToken = default);
}

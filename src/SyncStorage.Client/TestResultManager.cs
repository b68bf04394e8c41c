namespace SyncStorage;

/// <summary>Decides for each finished test how its result is to be written. Safe under parallel calls; several managers of one runner act as one.</summary>
public sealed class TestResultManager
{
    private readonly SyncStorageRunner _runner;

    /// <summary>Creates a manager.</summary>
    /// <param name="runner">The worker whose results it handles.</param>
    public TestResultManager(SyncStorageRunner runner) => _runner = runner ?? throw new ArgumentNullException(nameof(runner));

    /// <summary>
    /// Call it for every finished test, before its result is written. Never throws. Answers at once and without allocating,
    /// unless this worker is master and holds nothing back yet; then within <see cref="SyncStorageOptions.ResultTimeout"/>.
    /// </summary>
    /// <param name="result">The finished test with its final outcome.</param>
    /// <param name="cancellationToken">Stops waiting for Sync Storage; the answer is false then.</param>
    /// <returns>True when the result is held back: write it as InProgress. False: write it normally.</returns>
    public ValueTask<bool> HandleTestCompletionAsync(SyncStorageTestResult result, CancellationToken cancellationToken = default)
        => _runner.SendInProgressTestResultAsync(result, cancellationToken);

    /// <summary>
    /// Ends a round of tests, after its results were written. A result that finishes later is offered again, and held back if the
    /// run's slot is still free.
    /// </summary>
    public void FinalizeTestHandling() => _runner.ReopenSlot();
}

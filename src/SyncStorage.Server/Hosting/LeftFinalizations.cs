using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Held-back results that Test IT could not take when their run ended: tried again in the background for as long as the server lives, also
/// when everybody who waited for the run has got his answer.
/// </summary>
internal sealed class LeftFinalizations(ServerLog log) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<Run, Task<bool>> _attempts = [];

    public void Tend(IReadOnlyCollection<Run> runs)
    {
        foreach (Run run in runs)
        {
            // What has come to nothing is not asked again, a refused token for one; unless the run has been opened in between.
            if (_attempts.TryGetValue(run, out Task<bool>? attempt) && (run.IsRunning || attempt is { IsCompleted: true, Result: true }))
            {
                _attempts.Remove(run);
            }

            if (run.OwesFinalStatus && !_attempts.ContainsKey(run))
            {
                _attempts[run] = TryAsync(run, _stop.Token);
            }
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_attempts.Values).ConfigureAwait(false);
    }

    public async Task TryOnceMoreAsync(IReadOnlyCollection<Run> runs, TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        await Task.WhenAll(runs.Where(run => run.OwesFinalStatus).Select(run => TryAsync(run, deadline.Token))).ConfigureAwait(false);
    }

    public void Dispose() => _stop.Dispose();

    /// <returns>False when another try is no use.</returns>
    private async Task<bool> TryAsync(Run run, CancellationToken deadline)
    {
        try
        {
            return await run.FinalizeLeftAsync(deadline).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            log.Write($"The held-back result of run {run.TestRunId} could not be finalized: {e}");
            return false;
        }
    }
}

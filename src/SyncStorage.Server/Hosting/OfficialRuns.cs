using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Hosting;

/// <summary>Runs of official clients: each ends when its workers have ended, and a final status that Test IT did not take is tried again.</summary>
internal sealed class OfficialRuns(RunBook runs, ServerLog log) : IDisposable
{
    /// <summary>wait-completion is answered within 14 s of the last worker's completion; 5 of them are the grace period.</summary>
    public static readonly TimeSpan Finalization = TimeSpan.FromSeconds(7);

    private readonly List<Task> _ending = [];
    private readonly LeftFinalizations _left = new(log);

    public RunBook Runs => runs;

    /// <summary>No run is just about to end.</summary>
    public bool IsIdle => _ending.TrueForAll(end => end.IsCompleted);

    /// <summary>Called about twice a second.</summary>
    public void Tend()
    {
        foreach (Run run in runs.All)
        {
            Background.Try(run.Pass, log);
            if (run.IsOver(leases: null))
            {
                _ending.Add(FinishAsync(run, interrupted: false, Finalization));
            }
        }

        _ending.RemoveAll(end => end.IsCompleted);
        _left.Tend(runs.All);
    }

    /// <summary>Nobody waits for their workers any longer.</summary>
    public void EndAll(TimeSpan patience) => _ending.AddRange(runs.All.Where(run => run.IsRunning).Select(run => FinishAsync(run, interrupted: !run.AllDone, patience)));

    /// <summary>Ends them, and waits for that.</summary>
    /// <param name="lastTry">Whoever stops the server does not wait long; Test IT may be back all the same.</param>
    public async Task StopAsync(TimeSpan lastTry)
    {
        await _left.StopAsync().ConfigureAwait(false);
        EndAll(Finalization);
        await Task.WhenAll(_ending).ConfigureAwait(false);
        await _left.TryOnceMoreAsync(runs.All, lastTry).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _left.Dispose();
        runs.Dispose();
    }

    private static async Task FinishAsync(Run run, bool interrupted, TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        await run.FinishAsync(interrupted, deadline.Token).ConfigureAwait(false);
    }
}

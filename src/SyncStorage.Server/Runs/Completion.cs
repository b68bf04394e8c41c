using SyncStorage.Protocol;

namespace SyncStorage.Server.Runs;

/// <summary>Who asks for the end of a run: what official workflows and clients call last.</summary>
internal sealed class Completion(RunBook runs)
{
    /// <summary>How long wait-completion waits for a first worker.</summary>
    private static readonly TimeSpan FirstWorker = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Returns when the run is over, however often and by however many it is asked. Without an id, as the last step of the official
    /// workflows asks, when all runs are over that have workers; one that was over before does not matter.
    /// </summary>
    public async Task<CompletionResponse> WaitAsync(string? testRunId, CompletionCaller caller, CancellationToken disconnected)
    {
        List<Run> begun = string.IsNullOrEmpty(testRunId) ? [.. runs.All.Where(run => run.HasWorkers)] : [];
        if (begun.Count == 0)
        {
            return await WaitAsync(runs.Find(testRunId), caller, disconnected).ConfigureAwait(false);
        }

        // Somebody may register for a new run while the others end: it is waited for as well.
        while (begun.Find(run => run.IsRunning) is { } running)
        {
            await WaitAsync(running, caller, disconnected).ConfigureAwait(false);
            begun = [.. runs.All.Where(run => run.HasWorkers)];
        }

        return Completed("all workers of all runs are done");
    }

    /// <summary>
    /// Ends the run now, if that is what the caller means. JavaScript's adapter calls this by itself: its master waits 3 x 15 s for the
    /// completion and then forces it, also while other workers are at work, whose results Test IT would refuse from then on. For such a
    /// caller the run ends only if nobody but the master is at work. Else the answer is 200 with completed = false: the client takes any
    /// 2xx for the end of its own part, which is true and lets it go on, while every other status would make it report a failure that is
    /// none. The run then ends as every other one does: when all workers are done.
    /// </summary>
    public async Task<CompletionResponse> ForceAsync(string? testRunId, CompletionCaller caller, CancellationToken disconnected)
    {
        Run run = runs.Find(testRunId);
        if (!run.IsRunning)
        {
            return Completed("completed by request");
        }

        if (!run.TryForce(underOthers: caller == CompletionCaller.Outsider))
        {
            return new CompletionResponse { Completed = false, Message = "other workers are at work; the run is completed when they are done" };
        }

        runs.Wake();
        await run.Over.WaitAsync(disconnected).ConfigureAwait(false);
        return Completed("completed by request");
    }

    private async Task<CompletionResponse> WaitAsync(Run run, CompletionCaller caller, CancellationToken disconnected)
    {
        // A worker that waits says nothing about the others; whoever comes from outside comes after them.
        using IDisposable? awaiting = caller == CompletionCaller.Outsider ? run.Await() : null;
        while (true)
        {
            try
            {
                await run.Over.WaitAsync(FirstWorker, runs.Clock.Provider, disconnected).ConfigureAwait(false);
                return Completed("all workers are done");
            }
            catch (TimeoutException) when (!run.HasWorkers)
            {
                return new CompletionResponse { Completed = false, Message = "no worker has registered" };
            }
            catch (TimeoutException)
            {
                // Workers are at work: go on waiting.
            }
        }
    }

    private static CompletionResponse Completed(string message) => new() { Completed = true, Message = message };
}

/// <summary>Who asks for the end of a run; the protocol does not say, but the client's name does.</summary>
internal enum CompletionCaller
{
    /// <summary>A step of a workflow, a person, the library.</summary>
    Outsider,

    /// <summary>JavaScript's adapter, whose master asks in the middle of the run; or somebody who may not end it.</summary>
    Worker,
}

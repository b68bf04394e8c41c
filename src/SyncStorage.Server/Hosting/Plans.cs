using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>Adapter mode 0: MSBuild waits for the list of wanted tests, so it is fetched as soon as a run's settings are seen.</summary>
/// <param name="session">Where the plans are wanted and written.</param>
/// <param name="completionTimeout">The longest that the invocation waits for Test IT.</param>
/// <param name="log">For what came.</param>
/// <param name="time">For deadlines.</param>
internal sealed class Plans(Session session, TimeSpan completionTimeout, ServerLog log, TimeProvider time)
{
    /// <summary>A little less than SyncStorageStartupTimeout, for which MSBuild waits.</summary>
    private static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(25);

    private readonly TimeSpan _patience = completionTimeout < LongestPatience ? completionTimeout : LongestPatience;

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>What a silent Test IT has cost already: the end of the run waits so much less for it.</summary>
    public TimeSpan Wasted { get; private set; }

    public void Tend()
    {
        foreach (RunSettings run in session.ReadRuns())
        {
            if (run is { Publish: true, AdapterMode: 0 } && _seen.Add(run.TestRunId))
            {
                _ = Background.Run(() => FetchAsync(run), log);
            }
        }
    }

    private async Task FetchAsync(RunSettings run)
    {
        TestPlan plan;
        using var patience = new CancellationTokenSource(_patience, time);
        try
        {
            plan = PrivateTokenSource.Read(run.ConfigFile) is { } token
                ? await PlannedTests.FetchAsync(run, token, time, patience.Token).ConfigureAwait(false)
                : new TestPlan { Problem = "there is no private token" };
        }
        catch (OperationCanceledException)
        {
            Wasted = _patience;
            plan = new TestPlan { Problem = $"Test IT did not answer within {_patience.TotalSeconds:0} s" };
        }

        session.WritePlan(run.TestRunId, plan);
        log.Write($"Plan of run {run.TestRunId}: {plan.Problem ?? plan.Common.Expression}");
    }
}

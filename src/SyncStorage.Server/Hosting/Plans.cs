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
internal sealed class Plans(Session session, ServerLog log, TimeProvider time)
{
    /// <summary>A little less than SyncStorageStartupTimeout, for which MSBuild waits.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

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
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            plan = PrivateTokenSource.Read(run.ConfigFile) is { } token
                ? await PlannedTests.FetchAsync(run, token, time, patience.Token).ConfigureAwait(false)
                : new TestPlan { Problem = "there is no private token" };
        }
        catch (OperationCanceledException)
        {
            plan = new TestPlan { Problem = $"Test IT did not answer within {Patience.TotalSeconds:0} s" };
        }

        session.WritePlan(run.TestRunId, plan);
        log.Write($"Plan of run {run.TestRunId}: {plan.Problem ?? plan.Common.Expression}");
    }
}

using SyncStorage.Server.Hosting;
using SyncStorage.Server.Results;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Planning;

/// <summary>Adapter mode 0: what a run asks for is fetched as soon as its settings are seen.</summary>
/// <param name="session">Where the plans are wanted and written.</param>
/// <param name="completionTimeout">The longest that the invocation waits for Test IT.</param>
/// <param name="log">For what came.</param>
/// <param name="ring">Somebody may be waiting for the plan.</param>
/// <param name="time">For deadlines.</param>
internal sealed class Plans(Session session, TimeSpan completionTimeout, ServerLog log, Action ring, TimeProvider time)
{
    /// <summary>A little less than SyncStorageStartupTimeout, for which MSBuild waits.</summary>
    private static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(25);

    private readonly TimeSpan _patience = completionTimeout < LongestPatience ? completionTimeout : LongestPatience;

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly ProjectPlans _projects = new(session, log);

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

        _projects.Tend();
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
        log.Write($"Plan of run {run.TestRunId}: {plan.Problem ?? string.Join(", ", plan.Tests.Select(test => test.ExternalId))}");
        ring();
    }
}

/// <summary>Answers MSBuild, which has built a project and waits with its tests until it knows which are to run.</summary>
internal sealed class ProjectPlans(Session session, ServerLog log)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    public void Tend()
    {
        foreach (ProjectPlanRequest request in session.ReadPlanRequests())
        {
            if (!_seen.Contains(request.Worker) && session.ReadPlan(request.TestRunId) is { } plan)
            {
                _seen.Add(request.Worker);
                _ = Background.Run(() => Task.Run(() => Answer(request, plan)), log);
            }
        }
    }

    private void Answer(ProjectPlanRequest request, TestPlan plan)
    {
        ProjectPlan answer;
        try
        {
            answer = plan.Problem is { } problem
                ? new ProjectPlan { Problem = problem }
                : ProjectPlanner.Make(request.Assembly, plan.Tests, session.ReadRun(request.TestRunId)?.ExternalId ?? "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BadImageFormatException or InvalidOperationException)
        {
            log.Write($"{request.Assembly} cannot be read: {e}");
            answer = new ProjectPlan { Notes = [$"{request.Assembly} cannot be read ({e.Message}), so all tests of the project run"] };
        }

        session.WriteProjectPlan(request.Worker, answer);
        log.Write($"Plan of worker {request.Worker}: {(answer.RunsNothing ? "nothing" : answer.Filter.Length == 0 ? "everything" : answer.Filter)} {string.Join("; ", answer.Notes)}");
    }
}

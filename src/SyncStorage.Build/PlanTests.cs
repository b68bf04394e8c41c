using Microsoft.Build.Framework;
using SyncStorage.Sessions;
using Task = Microsoft.Build.Utilities.Task;

namespace SyncStorage.Build;

/// <summary>
/// Adapter mode 0, after the project was built: asks the server, which has Test IT's plan and reads the assembly, which tests are to run,
/// and makes VSTest's filter of it, so that tests which nobody asked for do not run.
/// </summary>
public sealed class PlanTests : Task
{
    // The operating systems' limits for a command line, on which VSTest's filter travels: 128 KiB an argument on Linux,
    // 32 KiB in all on Windows. What is left is room for everything else.
    private static readonly int LongestFilter = Path.DirectorySeparatorChar == '\\' ? 16_000 : 64_000;

    /// <summary>Folder of the session.</summary>
    [Required]
    public string Session { get; set; } = "";

    /// <summary>The worker whose tests are planned.</summary>
    [Required]
    public string Worker { get; set; } = "";

    /// <summary>The run whose plan is wanted.</summary>
    [Required]
    public string Run { get; set; } = "";

    /// <summary>$(TargetPath): the built test assembly.</summary>
    [Required]
    public string Assembly { get; set; } = "";

    /// <summary>$(VSTestTestCaseFilter): the user's own filter, which still counts.</summary>
    public string UserFilter { get; set; } = "";

    /// <summary>Seconds to wait for the plan.</summary>
    public int Timeout { get; set; } = 30;

    /// <summary>SyncStorageFailOnError: trouble becomes an error.</summary>
    public bool FailOnError { get; set; }

    /// <summary>The filter to run with.</summary>
    [Output]
    public string Filter { get; set; } = "";

    /// <summary>True when nothing of the project is planned: that no test runs is no error then.</summary>
    [Output]
    public bool RunsNothing { get; set; }

    /// <inheritdoc />
    public override bool Execute()
    {
        var log = new DiagnosticLog(Log, BuildEngine, FailOnError);
        Filter = UserFilter;
        try
        {
            var request = new ProjectPlanRequest { Worker = Worker, TestRunId = Run, Assembly = Path.GetFullPath(Assembly) };
            ProjectPlan? plan = Sessions.Session.At(Session).AskForPlanAsync(request, TimeSpan.FromSeconds(Timeout)).GetAwaiter().GetResult();
            Apply(plan ?? new ProjectPlan { Problem = $"the server gave no plan within {Timeout} s." }, log);
        }
        catch (Exception e)
        {
            log.Write(Diagnostics.PlanNotFetched(e.Message));
        }

        return !Log.HasLoggedErrors;
    }

    private void Apply(ProjectPlan plan, DiagnosticLog log)
    {
        if (plan.Problem is not null)
        {
            log.Write(Diagnostics.PlanNotFetched(plan.Problem));
            return;
        }

        foreach (string note in plan.Notes)
        {
            log.Write(Diagnostics.NotDecided(note));
        }

        if (plan.Filter.Length > LongestFilter)
        {
            log.Write(Diagnostics.NotDecided($"the filter for the planned tests has {plan.Filter.Length} characters, more than a command line holds ({LongestFilter}); all tests run and only the results are reported"));
        }
        else if (plan.Filter.Length > 0)
        {
            Filter = UserFilter.Length > 0 ? $"({UserFilter})&({plan.Filter})" : plan.Filter;
            RunsNothing = plan.RunsNothing;
        }
    }
}

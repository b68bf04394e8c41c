using System;
using System.Linq;
using Microsoft.Build.Framework;
using SyncStorage.Sessions;
using Task = Microsoft.Build.Utilities.Task;

namespace SyncStorage.Build;

/// <summary>
/// Adapter mode 0: waits for the server to fetch the plan of the test run from Test IT and makes a VSTest filter of it, so that
/// tests which nobody asked for do not run.
/// </summary>
public sealed class PlanTests : Task
{
    // The operating systems' limits for a command line, on which VSTest's filter travels: 128 KiB an argument on Linux,
    // 32 KiB in all on Windows. Half of the smaller one leaves room for everything else.
    private const int LongestFilter = 16_000;

    private const int NamedAtMost = 10;

    /// <summary>Folder of the session.</summary>
    [Required]
    public string Session { get; set; } = "";

    /// <summary>The run whose plan is wanted.</summary>
    [Required]
    public string Run { get; set; } = "";

    /// <summary>$(VSTestTestCaseFilter): the user's own filter, which still counts.</summary>
    public string UserFilter { get; set; } = "";

    /// <summary>Seconds to wait for the plan.</summary>
    public int Timeout { get; set; } = 30;

    /// <summary>SyncStorageFailOnError: trouble becomes an error.</summary>
    public bool FailOnError { get; set; }

    /// <summary>The filter to run with.</summary>
    [Output]
    public string Filter { get; set; } = "";

    /// <inheritdoc />
    public override bool Execute()
    {
        var diagnostics = new Diagnostics(Log, FailOnError);
        Filter = UserFilter;
        try
        {
            TestPlan? plan = Sessions.Session.At(Session).WaitForPlanAsync(Run, TimeSpan.FromSeconds(Timeout)).GetAwaiter().GetResult();
            Apply(plan ?? new TestPlan { Problem = $"the server gave no plan within {Timeout} s." }, diagnostics);
        }
        catch (Exception e)
        {
            diagnostics.PlanNotFetched(e.Message);
        }

        return !Log.HasLoggedErrors;
    }

    private void Apply(TestPlan plan, Diagnostics diagnostics)
    {
        if (plan.Problem is not null)
        {
            diagnostics.PlanNotFetched(plan.Problem);
            return;
        }

        if (plan.Filter.Length > LongestFilter)
        {
            diagnostics.NotExpressibleAsFilter($"adapterMode 0: the filter for the planned tests has {plan.Filter.Length} characters, more than a command line holds ({LongestFilter}); all tests run and only the results are reported.");
            return;
        }

        if (plan.NotExpressible.Count > 0)
        {
            string named = string.Join(", ", plan.NotExpressible.Take(NamedAtMost));
            string more = plan.NotExpressible.Count > NamedAtMost ? $" and {plan.NotExpressible.Count - NamedAtMost} more" : "";
            diagnostics.NotExpressibleAsFilter($"adapterMode 0: {plan.NotExpressible.Count} planned autotests cannot be expressed as a VSTest filter and are only reported if they run: {named}{more}.");
        }

        if (plan.Filter.Length > 0)
        {
            Filter = UserFilter.Length > 0 ? $"({UserFilter})&({plan.Filter})" : plan.Filter;
        }
    }
}

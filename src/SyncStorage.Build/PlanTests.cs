using System;
using System.IO;
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
    private const int NamedAtMost = 10;

    // The operating systems' limits for a command line, on which VSTest's filter travels: 128 KiB an argument on Linux,
    // 32 KiB in all on Windows. What is left is room for everything else.
    private static readonly int LongestFilter = Path.DirectorySeparatorChar == '\\' ? 16_000 : 64_000;

    private static readonly (string Package, string Framework)[] Adapters =
    [
        ("MSTest.TestAdapter", TestFrameworks.MSTest),
        ("NUnit3TestAdapter", TestFrameworks.NUnit),
        ("xunit.runner.visualstudio", TestFrameworks.Xunit),
    ];

    /// <summary>Folder of the session.</summary>
    [Required]
    public string Session { get; set; } = "";

    /// <summary>The run whose plan is wanted.</summary>
    [Required]
    public string Run { get; set; } = "";

    /// <summary>$(VSTestTestCaseFilter): the user's own filter, which still counts.</summary>
    public string UserFilter { get; set; } = "";

    /// <summary>$(ProjectAssetsFile): tells by which framework's rules the filter will be read.</summary>
    public string AssetsFile { get; set; } = "";

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
        var diagnostics = new Diagnostics(Log, BuildEngine, FailOnError);
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

        PlannedFilter planned = FrameworkOf(AssetsFile) is { } framework && plan.ByFramework.TryGetValue(framework, out PlannedFilter? own) ? own : plan.Common;
        if (planned.Expression.Length > LongestFilter)
        {
            diagnostics.NotExpressibleAsFilter($"adapterMode 0: the filter for the planned tests has {planned.Expression.Length} characters, more than a command line holds ({LongestFilter}); all tests run and only the results are reported.");
            return;
        }

        if (planned.NotExpressible.Count > 0)
        {
            string named = string.Join(", ", planned.NotExpressible.Take(NamedAtMost));
            string more = planned.NotExpressible.Count > NamedAtMost ? $" and {planned.NotExpressible.Count - NamedAtMost} more" : "";
            diagnostics.NotExpressibleAsFilter($"adapterMode 0: {planned.NotExpressible.Count} planned autotests cannot be expressed as a VSTest filter and are only reported if they run: {named}{more}.");
        }

        if (planned.Expression.Length > 0)
        {
            Filter = UserFilter.Length > 0 ? $"({UserFilter})&({planned.Expression})" : planned.Expression;
        }
    }

    /// <summary>What NuGet restored for the project, packages of packages included.</summary>
    /// <returns>Null when there is none that we know, or more than one: then the filter has to suit all of them.</returns>
    private static string? FrameworkOf(string assetsFile)
    {
        if (!File.Exists(assetsFile))
        {
            return null;
        }

        string assets = File.ReadAllText(assetsFile);
        string[] found = Adapters.Where(adapter => assets.IndexOf($"\"{adapter.Package}/", StringComparison.OrdinalIgnoreCase) >= 0).Select(adapter => adapter.Framework).ToArray();
        return found.Length == 1 ? found[0] : null;
    }
}

namespace SyncStorage.Sessions;

/// <summary><c>plans/{run}.json</c>, adapter mode 0: the autotests that Test IT asks for. Written by the server, which alone may talk to Test IT.</summary>
internal sealed record TestPlan
{
    public IReadOnlyList<PlannedAutoTest> Tests { get; init; } = [];

    /// <summary>Why there is no plan; null when there is one.</summary>
    public string? Problem { get; init; }
}

/// <summary>An autotest that is asked for, with what Test IT knows of its names.</summary>
internal sealed record PlannedAutoTest
{
    public string ExternalId { get; init; } = "";

    /// <summary>Its class with namespace; empty when Test IT does not know.</summary>
    public string Type { get; init; } = "";

    /// <summary>Of the method, in xUnit of the test; without the type.</summary>
    public string Name { get; init; } = "";
}

/// <summary><c>plans/{worker}.ask</c>: MSBuild has built a project and asks which of its tests are to run.</summary>
internal sealed record ProjectPlanRequest
{
    public string Worker { get; init; } = "";
    public string TestRunId { get; init; } = "";

    /// <summary>Path of the test assembly.</summary>
    public string Assembly { get; init; } = "";
}

/// <summary><c>plans/{worker}.json</c>, the answer.</summary>
internal sealed record ProjectPlan
{
    /// <summary>A VSTest filter expression; empty when all tests run.</summary>
    public string Filter { get; init; } = "";

    /// <summary>Nothing of the project is planned: none of its tests passes the filter.</summary>
    public bool RunsNothing { get; init; }

    /// <summary>What does not follow from the plan alone.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Why there is no plan; null when there is one.</summary>
    public string? Problem { get; init; }
}

/// <summary>Frameworks that differ in how they read a filter.</summary>
internal static class TestFrameworks
{
    public const string MSTest = "mstest";
    public const string NUnit = "nunit";
    public const string Xunit = "xunit";
}

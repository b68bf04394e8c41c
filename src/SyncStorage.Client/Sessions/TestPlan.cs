using System.Collections.Generic;

namespace SyncStorage.Sessions;

/// <summary>
/// <c>plans/{run}.json</c>, adapter mode 0: which tests Test IT asks for. Written by the server, which alone may talk to Test IT; MSBuild
/// waits for it, because the filter has to be known before VSTest starts.
/// </summary>
internal sealed record TestPlan
{
    /// <summary>For a project whose framework is not known, or that has several: only what every framework reads the same way.</summary>
    public PlannedFilter Common { get; init; } = new();

    /// <summary>For projects of one framework, by its name in <see cref="TestFrameworks"/>: in terms of that framework nearly every test can be named.</summary>
    public IReadOnlyDictionary<string, PlannedFilter> ByFramework { get; init; } = new Dictionary<string, PlannedFilter>();

    /// <summary>Why there is no plan; null when there is one.</summary>
    public string? Problem { get; init; }
}

/// <summary>The plan as one kind of project has to be told it.</summary>
internal sealed record PlannedFilter
{
    /// <summary>A VSTest filter expression; empty when nothing can be filtered.</summary>
    public string Expression { get; init; } = "";

    /// <summary>Autotests that no filter can express: their tests run only if the filter lets them.</summary>
    public IReadOnlyList<string> NotExpressible { get; init; } = [];
}

/// <summary>Frameworks that differ in how they read a filter.</summary>
internal static class TestFrameworks
{
    public const string MSTest = "mstest";
    public const string NUnit = "nunit";
    public const string Xunit = "xunit";
}

using System.Text.RegularExpressions;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Planning;

/// <summary>A test method of a built assembly in one of its classes, with the external ids that its results will have.</summary>
/// <param name="Framework">One of <see cref="TestFrameworks"/>.</param>
/// <param name="Type">Reflection name of the class; of an NUnit fixture the name that it gives its tests.</param>
internal sealed record TestMethod(string Framework, string Type, string Name)
{
    /// <summary>Ids of the method as a whole.</summary>
    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>Ids that single rows have.</summary>
    public IReadOnlyList<TestRow> Rows { get; init; } = [];

    /// <summary>An id with placeholders for the arguments of a row; null for most.</summary>
    public Regex? Template { get; init; }

    /// <summary>It may have other ids, too, which only running it would tell.</summary>
    public bool IsOpen { get; init; }

    /// <summary>An attribute of the user's own makes its id: Test IT may know it under an older name.</summary>
    public bool HasOpenId { get; init; }

    /// <summary>Nor is it known what its results will be called, so a name in Test IT may be one of them.</summary>
    public bool HasOpenNames { get; init; }

    /// <summary>Its rows are tests that a filter can choose by name.</summary>
    public bool HasNamedRows { get; init; }

    /// <summary>What the names of its tests begin with, if that is not the method's name.</summary>
    public string? DisplayName { get; init; }

    /// <summary>A filter finds it by its full name alone: an NUnit fixture with arguments has them in there.</summary>
    public bool HasPlainName { get; init; } = true;

    public override string ToString() => $"{Type}.{Name}";
}

/// <param name="Name">As the framework calls the row.</param>
internal sealed record TestRow(string ExternalId, string Name);

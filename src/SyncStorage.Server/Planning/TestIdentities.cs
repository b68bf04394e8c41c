using System.Reflection.Metadata;
using System.Text.RegularExpressions;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Planning;

/// <summary>
/// The external ids that the results of a test method will have: each framework's adapter hands over names and traits in a way of its own,
/// and what is made of them is <see cref="TestIdentity"/>'s, as it is for results.
/// </summary>
/// <param name="module">The test assembly.</param>
/// <param name="scheme">SyncStorageExternalId.</param>
internal sealed partial class TestIdentities(AssemblyModule module, string scheme)
{
    private readonly Lazy<List<AttributeUse>> _ofAssembly = new(() => AttributeUse.Of(module, module.Reader.GetAssemblyDefinition().GetCustomAttributes()).ToList());
    private readonly XunitNames _xunitNames = new(module);

    public TestMethod OfMSTest(AssemblyType type, MethodLine method)
    {
        string name = method.Method.Name;
        Explicit id = ExplicitId([.. method.Attributes, .. ClassAttributes(type)]);
        return Finish(new TestMethod(TestFrameworks.MSTest, type.FullName, name), "executor://mstest", $"{type.FullName}.{name}", name, id, DataRows.OfMSTest(method));
    }

    /// <summary>One for each name that the fixture has; rows with names of their own are tests with ids of their own.</summary>
    public IEnumerable<TestMethod> OfNUnit(AssemblyType type, MethodLine method, TestKind kind)
    {
        string name = method.Method.Name;
        bool hasRows = kind.HasFlag(TestKind.Rows) || method.Method.Parameters.Count > 0;
        // The adapter hands over what the suites above a test have, nearest first, and then the test's own. The suite of its rows is one.
        IEnumerable<AttributeUse> above = [.. ClassAttributes(type), .. OuterAttributes(type), .. _ofAssembly.Value];
        Explicit id = ExplicitId(hasRows ? [.. method.Attributes, .. above] : [.. above, .. method.Attributes]);
        (IReadOnlyList<string> fixtures, bool isOpen, bool hasArguments) = NUnitFixtures.NamesOf(type);
        NUnitRows rows = NUnitRows.Of(method, hasRows);
        foreach (string fixture in fixtures)
        {
            bool isExplicit = id.Value is not null;
            var test = new TestMethod(TestFrameworks.NUnit, fixture, name)
            {
                IsOpen = !isExplicit && (isOpen || rows.AreOpen || method.Method.IsGeneric),
                HasOpenNames = !isExplicit && rows.AreOpen,
                HasPlainName = !hasArguments && !isOpen && !fixture.Contains('<', StringComparison.Ordinal),
                Rows = isExplicit ? [] : rows.Names.Select(row => new TestRow(IdOf("executor://nunit", null, $"{fixture}.{row}", row, []).ExternalId, row)).ToList(),
            };
            yield return Finish(test, "executor://nunit", $"{fixture}.{name}", name, id, DataRows.OfNUnit(method));
        }
    }

    public TestMethod OfXunit(AssemblyType type, MethodLine method, TestKind kind, AttributeUse fact)
    {
        string name = method.Method.Name;
        string fullName = $"{type.FullName}.{name}";
        // v2 hands the method's traits over first, v3 the class's.
        Explicit id = ExplicitId(kind.HasFlag(TestKind.Xunit3)
            ? [.. _ofAssembly.Value, .. ClassAttributes(type), .. method.Attributes]
            : [.. method.Attributes, .. ClassAttributes(type), .. _ofAssembly.Value]);
        bool hasRows = kind.HasFlag(TestKind.Rows);
        bool isNamed = _xunitNames.TryName(fact, fullName, out string displayName);
        IReadOnlyList<DataRow>? rows = hasRows && isNamed && !method.Method.IsGeneric ? DataRows.OfXunit(method) : null;
        var test = new TestMethod(TestFrameworks.Xunit, type.FullName, name)
        {
            HasNamedRows = hasRows,
            DisplayName = isNamed && displayName != fullName ? displayName : null,
            HasOpenNames = !isNamed,
        };
        if (id.Value is not null || scheme == TestIdentity.FullyQualifiedNameScheme)
        {
            return Finish(test, "executor://xunit", fullName, displayName, id, rows, row => $"{displayName}({row.Display})");
        }

        return test with
        {
            IsOpen = id.IsOpen || !isNamed || (hasRows && rows is null),
            HasOpenId = id.IsOpen,
            // A theory without rows that can be read may be skipped as a whole; then it is one test under its plain name.
            Ids = [IdOf("executor://xunit", type.FullName, fullName, displayName, []).ExternalId],
            Rows = (rows ?? []).Where(row => row.Display is not null).Select(row => $"{displayName}({row.Display})")
                .Select(row => new TestRow(IdOf("executor://xunit", type.FullName, fullName, row, []).ExternalId, row)).ToList(),
        };
    }

    private TestMethod Finish(
        TestMethod test, string executor, string fullName, string displayName, Explicit id, IReadOnlyList<DataRow>? rows, Func<DataRow, string>? nameOf = null)
    {
        TestIdentity identity = IdOf(executor, test.Framework == TestFrameworks.NUnit ? null : test.Type, fullName, displayName, id.Value is null ? [] : [new ResultTrait { Name = TestIdentity.ExternalIdTrait, Value = id.Value }]);
        if (!identity.IsTemplate)
        {
            return test with { Ids = [identity.ExternalId], IsOpen = test.IsOpen || id.IsOpen, HasOpenId = id.IsOpen };
        }

        List<TestRow> known = (rows ?? []).Select(row => new TestRow(row.Fill(identity.ExternalId), nameOf is null || row.Display is null ? "" : nameOf(row))).ToList();
        return test with { Template = TemplateOf(identity.ExternalId), Rows = known };
    }

    private TestIdentity IdOf(string executor, string? type, string fullName, string displayName, IReadOnlyList<ResultTrait> traits)
        => TestIdentity.Of(executor, fullName, displayName, type, traits, scheme);

    /// <summary>The first one that has a value counts, as it does for results.</summary>
    private static Explicit ExplicitId(IEnumerable<AttributeUse> attributes)
    {
        ExternalIdTrait? first = attributes.Select(ExternalIdTraits.Of).FirstOrDefault(trait => trait is not null);
        return new Explicit(first?.Value, first is { Value: null });
    }

    private static IEnumerable<AttributeUse> ClassAttributes(AssemblyType type) => type.Line.SelectMany(one => one.Attributes);

    private static IEnumerable<AttributeUse> OuterAttributes(AssemblyType type)
        => type.Outer is { } outer ? ClassAttributes(outer).Concat(OuterAttributes(outer)) : [];

    private static Regex TemplateOf(string id)
        => new("^" + string.Join(".*", Placeholder().Split(id).Select(Regex.Escape)) + "$", RegexOptions.Singleline | RegexOptions.NonBacktracking);

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Placeholder();

    /// <param name="Value">As the user wrote it; null when there is none that can be read.</param>
    /// <param name="IsOpen">Only running the attribute's code would tell.</param>
    private readonly record struct Explicit(string? Value, bool IsOpen);
}

namespace SyncStorage.Server.Planning;

/// <summary>What an attribute makes of a method.</summary>
[Flags]
internal enum TestKind
{
    None = 0,
    MSTest = 1,
    NUnit = 2,
    Xunit2 = 4,
    Xunit3 = 8,
    Xunit = Xunit2 | Xunit3,

    /// <summary>The method has rows, each a test.</summary>
    Rows = 16,
}

/// <summary>Attributes by which frameworks know their tests, those that derive from them included.</summary>
internal sealed class TestAttributes
{
    private static readonly (string Attribute, TestKind Kind)[] Known =
    [
        ("Microsoft.VisualStudio.TestTools.UnitTesting.TestMethodAttribute", TestKind.MSTest),
        ("NUnit.Framework.Interfaces.ISimpleTestBuilder", TestKind.NUnit),
        ("NUnit.Framework.Interfaces.ITestBuilder", TestKind.NUnit | TestKind.Rows),
        ("Xunit.TheoryAttribute", TestKind.Xunit2 | TestKind.Rows),
        ("Xunit.v3.ITheoryAttribute", TestKind.Xunit3 | TestKind.Rows),
        ("Xunit.FactAttribute", TestKind.Xunit2),
        ("Xunit.v3.IFactAttribute", TestKind.Xunit3),
    ];

    private readonly Dictionary<(string?, string), TestKind> _kinds = [];

    public TestKind KindOf(AttributeUse attribute)
    {
        var key = (attribute.Type?.Module.Name, attribute.TypeName);
        if (!_kinds.TryGetValue(key, out TestKind kind))
        {
            foreach ((string name, TestKind one) in Known)
            {
                kind |= attribute.Is(name) ? one : TestKind.None;
            }

            // v3's attributes have the names of v2's.
            _kinds[key] = kind = kind.HasFlag(TestKind.Xunit3) || IsXunit3(attribute) ? (kind | ((kind & TestKind.Xunit2) != 0 ? TestKind.Xunit3 : 0)) & ~TestKind.Xunit2 : kind;
        }

        return kind;
    }

    /// <summary>The frameworks' own assemblies, whose attributes bring no external ids and no names of their own.</summary>
    public static bool IsFrameworks(string assembly)
        => assembly is "nunit.framework" or "MSTest.TestFramework" || assembly.StartsWith("xunit.", StringComparison.OrdinalIgnoreCase)
            || assembly.StartsWith("Microsoft.VisualStudio.TestPlatform", StringComparison.OrdinalIgnoreCase);

    private static bool IsXunit3(AttributeUse attribute) => attribute.Type?.Module.Name.StartsWith("xunit.v3", StringComparison.OrdinalIgnoreCase) == true;
}

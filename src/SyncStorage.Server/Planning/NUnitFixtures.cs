namespace SyncStorage.Server.Planning;

/// <summary>The names that an NUnit class gives its tests: its own, with types for a generic one, or what TestName says.</summary>
internal static class NUnitFixtures
{
    private const string TestFixture = "NUnit.Framework.TestFixtureAttribute";
    private const string AnyFixture = "NUnit.Framework.Interfaces.IFixtureBuilder";

    /// <returns>Names without arguments, which ids do not have either; whether there may be others; whether full names have arguments in them.</returns>
    public static (IReadOnlyList<string> Names, bool IsOpen, bool HasArguments) NamesOf(AssemblyType type)
    {
        string plain = WithoutArity(type.FullName);
        var names = new List<string>();
        bool isOpen = false;
        bool hasArguments = false;
        foreach (AttributeUse fixture in type.Line.SelectMany(one => one.Attributes).Where(attribute => attribute.Is(AnyFixture)))
        {
            if (fixture.TypeName != TestFixture)
            {
                isOpen = hasArguments = true;
                continue;
            }

            List<object?> arguments = (fixture.Arguments ?? []).SelectMany(argument => argument as IEnumerable<object?> ?? [argument]).ToList();
            hasArguments |= arguments.Count > 0 || fixture.Named.Count > 0 || type.IsGeneric;
            if (fixture.NamedText("TestName") is { Length: > 0 } given)
            {
                isOpen |= type.Outer is not null || given.Contains('{', StringComparison.Ordinal);
                names.Add(type.Namespace.Length > 0 ? $"{type.Namespace}.{given}" : given);
            }
            else if (!type.IsGeneric)
            {
                names.Add(plain);
            }
            else if (TypesOf(fixture, arguments, type.Definition.GetGenericParameters().Count) is { } types)
            {
                names.Add($"{plain}<{string.Join(',', types)}>");
            }
            else
            {
                isOpen = true;
            }
        }

        if (names.Count == 0)
        {
            names.Add(plain);
            isOpen |= type.IsGeneric;
        }

        return (names.Distinct().ToList(), isOpen, hasArguments);
    }

    private static List<string>? TypesOf(AttributeUse fixture, List<object?> arguments, int count)
    {
        IEnumerable<object?> given = fixture.Named.GetValueOrDefault("TypeArgs") as IEnumerable<object?> ?? arguments.Take(count);
        List<string> names = given.OfType<TypeName>().Select(type => type.Simple).OfType<string>().ToList();
        return names.Count == count ? names : null;
    }

    private static string WithoutArity(string name)
    {
        int tick = name.LastIndexOf('`');
        return tick < 0 ? name : name[..tick];
    }
}

/// <summary>Rows of a test method that have names of their own.</summary>
/// <param name="AreOpen">Some get their name, or a property, at run time.</param>
internal sealed record NUnitRows(IReadOnlyList<string> Names, bool AreOpen)
{
    private const string TestCase = "NUnit.Framework.TestCaseAttribute";

    /// <summary>The framework's own that combine values name rows after the method.</summary>
    private const string Combining = "NUnit.Framework.CombiningStrategyAttribute";

    public static NUnitRows Of(MethodLine method, bool hasRows)
    {
        var names = new List<string>();
        bool areOpen = false;
        foreach (AttributeUse attribute in hasRows ? method.Attributes : [])
        {
            if (attribute.TypeName == TestCase)
            {
                if (attribute.NamedText("TestName") is { Length: > 0 } name)
                {
                    // {m}, {0} and the like stand for what only NUnit knows how to write.
                    areOpen |= name.Contains('{', StringComparison.Ordinal);
                    names.Add(name);
                }
            }
            else if (attribute.Is("NUnit.Framework.Interfaces.ITestBuilder"))
            {
                areOpen |= !attribute.Is(Combining) || attribute.Type is not { } type || !TestAttributes.IsFrameworks(type.Module.Name);
            }
        }

        return new NUnitRows(names.Where(name => !name.Contains('{', StringComparison.Ordinal)).ToList(), areOpen);
    }
}

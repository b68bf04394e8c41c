using System.Reflection;
using System.Reflection.Metadata;

namespace SyncStorage.Server.Planning;

/// <summary>Finds the test methods of a built assembly in its metadata.</summary>
internal static class TestMethods
{
    private const string MSTestClass = "Microsoft.VisualStudio.TestTools.UnitTesting.TestClassAttribute";

    /// <param name="scheme">SyncStorageExternalId.</param>
    public static IReadOnlyList<TestMethod> Of(AssemblyTypes assemblies, string scheme)
    {
        var attributes = new TestAttributes();
        var found = new List<TestMethod>();
        var identities = new TestIdentities(assemblies.Main, scheme);
        foreach (AssemblyType type in assemblies.Main.Types.Where(type => type.HasInstancesOrIsStatic))
        {
            foreach (MethodLine method in MethodsOf(type))
            {
                TestKind kind = method.Attributes.Aggregate(TestKind.None, (all, attribute) => all | attributes.KindOf(attribute));
                if ((kind & TestKind.MSTest) != 0 && type.Attributes.Any(attribute => attribute.Is(MSTestClass)))
                {
                    found.Add(identities.OfMSTest(type, method));
                }

                if ((kind & TestKind.NUnit) != 0)
                {
                    found.AddRange(identities.OfNUnit(type, method, kind));
                }

                if ((kind & TestKind.Xunit) != 0)
                {
                    found.Add(identities.OfXunit(type, method, kind, method.Attributes.First(attribute => (attributes.KindOf(attribute) & TestKind.Xunit) != 0)));
                }
            }
        }

        return found;
    }

    /// <summary>Its own methods and those that it inherits, each with the definitions that it overrides.</summary>
    private static List<MethodLine> MethodsOf(AssemblyType type)
    {
        var methods = new List<MethodLine>();
        var overriding = new Dictionary<(string, int), MethodLine>();
        foreach (AssemblyType level in type.Line)
        {
            var ofLevel = new List<((string, int), MethodLine)>();
            foreach (MethodDefinitionHandle handle in level.Definition.GetMethods())
            {
                var method = new AssemblyMethod(level.Module, handle);
                MethodAttributes attributes = method.Definition.Attributes;
                if ((attributes & MethodAttributes.SpecialName) != 0 || (attributes & MethodAttributes.MemberAccessMask) == MethodAttributes.Private)
                {
                    continue;
                }

                var key = (method.Name, method.Definition.GetParameters().Count);
                if (overriding.TryGetValue(key, out MethodLine? line))
                {
                    line.Definitions.Add(method);
                    if (!method.IsOverride)
                    {
                        overriding.Remove(key);
                    }

                    continue;
                }

                line = new MethodLine([method]);
                methods.Add(line);
                if (method.IsOverride)
                {
                    ofLevel.Add((key, line));
                }
            }

            // Overloads of one class do not override each other.
            foreach (((string, int) key, MethodLine line) in ofLevel)
            {
                overriding.TryAdd(key, line);
            }
        }

        return methods;
    }
}

/// <summary>A method and the ones that it overrides, nearest first.</summary>
internal sealed record MethodLine(List<AssemblyMethod> Definitions)
{
    private List<AttributeUse>? _attributes;

    public AssemblyMethod Method => Definitions[0];

    /// <summary>Those of the overridden ones count as well.</summary>
    public IReadOnlyList<AttributeUse> Attributes => _attributes ??= Definitions.SelectMany(definition => definition.Attributes).ToList();
}

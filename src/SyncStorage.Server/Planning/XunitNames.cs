using System.Reflection.Metadata;

namespace SyncStorage.Server.Planning;

/// <summary>Display names of xUnit's tests, of which their ids are made.</summary>
internal sealed class XunitNames(AssemblyModule module)
{
    private const string Setter = "set_DisplayName";

    /// <summary>xunit.runner.json may turn underscores into blanks, and more.</summary>
    private readonly Lazy<bool> _isRewritten = new(() => module.Assemblies.ReadBeside("xunit.runner.json")?.Contains("methodDisplayOptions", StringComparison.OrdinalIgnoreCase) == true
        || module.Assemblies.ReadBeside(module.Name + ".xunit.runner.json")?.Contains("methodDisplayOptions", StringComparison.OrdinalIgnoreCase) == true);

    /// <returns>False when only running the attribute's code would tell.</returns>
    public bool TryName(AttributeUse fact, string fullName, out string displayName)
    {
        displayName = fact.NamedText("DisplayName") is { Length: > 0 } named ? named : fullName;
        return displayName != fullName || !(_isRewritten.Value || SetsName(fact));
    }

    private static bool SetsName(AttributeUse fact)
        => fact.Type is not { } type || type.Line.Where(one => !TestAttributes.IsFrameworks(one.Module.Name)).Any(one => MaySetName(one));

    private static bool MaySetName(AssemblyType type)
    {
        MetadataReader reader = type.Module.Reader;
        bool calls = reader.MemberReferences.Any(handle => reader.StringComparer.Equals(reader.GetMemberReference(handle).Name, Setter));
        bool defines = type.Definition.GetMethods().Any(handle => reader.StringComparer.Equals(reader.GetMethodDefinition(handle).Name, "get_DisplayName"));
        return calls || defines || type.Attributes.Any(IsForeignDiscoverer);
    }

    /// <summary>Who makes the test cases names them.</summary>
    private static bool IsForeignDiscoverer(AttributeUse attribute)
        => attribute.TypeName is "Xunit.Sdk.XunitTestCaseDiscovererAttribute" or "Xunit.v3.XunitTestCaseDiscovererAttribute"
            && !(attribute.Arguments?.ElementAtOrDefault(1) is string assembly && TestAttributes.IsFrameworks(assembly))
            && !(attribute.Arguments?.ElementAtOrDefault(0) is TypeName name && name.Text.Contains(", xunit.", StringComparison.Ordinal));
}

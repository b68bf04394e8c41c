using SyncStorage.Results;

namespace SyncStorage.Server.Planning;

/// <summary>What an attribute says of a test's external id.</summary>
/// <param name="Value">Null when only running its code would tell.</param>
internal sealed record ExternalIdTrait(string? Value);

/// <summary>External ids that users write as traits, of their frameworks' own attributes or of attributes that derive from them.</summary>
internal static class ExternalIdTraits
{
    private const string MSTestProperty = "Microsoft.VisualStudio.TestTools.UnitTesting.TestPropertyAttribute";
    private const string NUnitProperty = "NUnit.Framework.PropertyAttribute";
    private const string XunitTrait = "Xunit.TraitAttribute";

    /// <summary>What gives a test traits at run time.</summary>
    private static readonly string[] Carriers = [MSTestProperty, NUnitProperty, "NUnit.Framework.Interfaces.IApplyToTest", "Xunit.Sdk.ITraitAttribute", "Xunit.v3.ITraitAttribute"];

    /// <returns>Null when it is none.</returns>
    public static ExternalIdTrait? Of(AttributeUse attribute)
    {
        if (attribute.TypeName is MSTestProperty or NUnitProperty or XunitTrait)
        {
            return attribute.Arguments is { } arguments ? Of(attribute.TypeName, arguments, attribute.TypeName) : new ExternalIdTrait(null);
        }

        if (attribute.Type is not { } type || IsFrameworks(type) || !Carriers.Any(type.Is))
        {
            return null;
        }

        if (attribute.Arguments is { } given && BaseCall.Find(attribute.Module, attribute.Constructor) is { } constructor)
        {
            IReadOnlyList<object?> handed = given;
            AssemblyMethod called = constructor.Constructor;
            while (BaseCall.Read(called, handed) is { } call)
            {
                (called, handed) = (call.Constructor, call.Arguments);
                if (call.Base.FullName is MSTestProperty or NUnitProperty or XunitTrait && handed.Count > 0)
                {
                    return Of(call.Base.FullName, handed, type.Name);
                }
            }
        }

        return MayBring(attribute, type) ? new ExternalIdTrait(null) : null;
    }

    private static ExternalIdTrait? Of(string root, IReadOnlyList<object?> arguments, string attributeName)
    {
        // NUnit names a property after the attribute when it is given only a value.
        object? name = arguments.Count == 1 && root == NUnitProperty ? NameWithoutSuffix(attributeName) : arguments.ElementAtOrDefault(0);
        object? value = arguments.Count == 1 ? arguments[0] : arguments.ElementAtOrDefault(1);
        return name == BaseCall.Unknown ? new ExternalIdTrait(null)
            : !string.Equals(name as string, TestIdentity.ExternalIdTrait, StringComparison.OrdinalIgnoreCase) ? null
            : value == BaseCall.Unknown ? new ExternalIdTrait(null)
            : string.IsNullOrWhiteSpace(value?.ToString()) ? null
            : new ExternalIdTrait(value.ToString());
    }

    /// <summary>Code that never mentions "ExternalId" gives no test one: most of such attributes are categories.</summary>
    private static bool MayBring(AttributeUse attribute, AssemblyType type)
        => type.Line.Where(one => !IsFrameworks(one)).Any(one => one.Module.Mentions(TestIdentity.ExternalIdTrait) || NameWithoutSuffix(one.Name).Equals(TestIdentity.ExternalIdTrait, StringComparison.OrdinalIgnoreCase))
            || attribute.Arguments is null
            || attribute.Arguments.OfType<string>().Any(text => text.Contains(TestIdentity.ExternalIdTrait, StringComparison.OrdinalIgnoreCase))
            || DiscovererOf(type) is { } assembly && type.Module.Assemblies.Find(assembly)?.Mentions(TestIdentity.ExternalIdTrait) != false;

    /// <summary>xUnit v2 leaves it to a class that is named in words.</summary>
    private static string? DiscovererOf(AssemblyType type)
        => type.Attributes.FirstOrDefault(attribute => attribute.TypeName == "Xunit.Sdk.TraitDiscovererAttribute")?.Arguments?.ElementAtOrDefault(1) as string;

    private static bool IsFrameworks(AssemblyType type) => TestAttributes.IsFrameworks(type.Module.Name);

    private static string NameWithoutSuffix(string attribute)
        => attribute.EndsWith("Attribute", StringComparison.Ordinal) ? attribute[..^"Attribute".Length] : attribute;
}

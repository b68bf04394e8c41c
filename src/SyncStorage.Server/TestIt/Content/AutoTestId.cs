using System.Text.RegularExpressions;
using SyncStorage.Results;

namespace SyncStorage.Server.TestIt.Content;

/// <summary>The external id of a result's autotest, with the values of its row in place of the placeholders of a template.</summary>
/// <param name="UnknownPlaceholder">
/// The placeholder of the user's template that no parameter of the row is named like; null when all is well. Such a template would be the same id
/// for all rows, so they have the ids that they would have without it.
/// </param>
internal readonly record struct AutoTestId(string Value, string? UnknownPlaceholder)
{
    /// <param name="names">Only read for a template.</param>
    /// <exception cref="Exception">The result is so odd that it has no identity.</exception>
    public static AutoTestId Of(ObservedResult result, string scheme, ParameterNames names)
    {
        TestIdentity identity = TestIdentity.Of(result, scheme);
        if (!identity.IsTemplate)
        {
            return new AutoTestId(Clean(identity.ExternalId), null);
        }

        AdapterLines lines = AdapterLines.Read(result.StandardOutput, new TestFolders(result.Source));
        return Of(result, identity, RowParameters.Read(result, identity, lines.Parameters, names), scheme);
    }

    public static AutoTestId Of(ObservedResult result, TestIdentity identity, IReadOnlyDictionary<string, string> parameters, string scheme)
    {
        if (!identity.IsTemplate)
        {
            return new AutoTestId(Clean(identity.ExternalId), null);
        }

        string? unknown = Placeholders.NamesIn(identity.ExternalId).FirstOrDefault(name => !parameters.ContainsKey(name));
        if (unknown is null)
        {
            return new AutoTestId(Clean(Placeholders.Replace(identity.ExternalId, parameters)), null);
        }

        ObservedResult without = result with { Traits = [.. result.Traits.Where(trait => !TestIdentity.IsExternalId(trait))] };
        return new AutoTestId(Clean(TestIdentity.Of(without, scheme).ExternalId), unknown);
    }

    /// <summary>An id is never escaped, and never blank: Test IT refuses that.</summary>
    private static string Clean(string text)
    {
        string id = HtmlText.Clean(text).Trim();
        return id.Length > 0 ? id : "unnamed";
    }
}

/// <summary><c>{name}</c> in a text that users wrote, replaced by the parameter's value. What is no parameter stays.</summary>
internal static partial class Placeholders
{
    /// <summary>In one pass: braces in a value are no placeholder.</summary>
    public static string Replace(string text, IReadOnlyDictionary<string, string> parameters)
        => text.Contains('{', StringComparison.Ordinal)
            ? InBraces().Replace(text, match => parameters.GetValueOrDefault(match.Groups[1].Value, match.Value))
            : text;

    /// <summary>What can be a parameter: an identifier or a position. A guid in braces is none.</summary>
    public static IEnumerable<string> NamesIn(string text) => Placeholder().Matches(text).Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex InBraces();

    [GeneratedRegex(@"\{([\p{L}_][\p{L}\p{N}_]*|\d{1,3})\}")]
    private static partial Regex Placeholder();
}

using System.Collections.Immutable;
using System.Globalization;
using SyncStorage.Results;

namespace SyncStorage.Server.TestIt.Content;

/// <summary>What is known of a row before it is compared with any other: its arguments, those of its fixture, its target framework.</summary>
internal static class RowParameters
{
    /// <param name="told">What the official package said in the test's output; it beats the display name. Null for most.</param>
    public static IReadOnlyDictionary<string, string> Read(
        ObservedResult result, TestIdentity identity, IReadOnlyDictionary<string, string>? told, ParameterNames names)
    {
        string type = identity.Namespace.Length > 0 ? $"{identity.Namespace}.{identity.ClassName}" : identity.ClassName;
        IReadOnlyDictionary<string, string> own = told ?? ReadOwn(result, MethodOf(result, identity, type), type, names);
        if (!TestIdentity.IsNUnit(result.ExecutorUri) || !result.FullyQualifiedName.Contains('(', StringComparison.Ordinal))
        {
            return own;
        }

        var parameters = new Dictionary<string, string>(own);
        foreach ((string fixture, IReadOnlyList<(string? Name, string Value)> arguments) in RowArguments.ParseFixtures(result.FullyQualifiedName))
        {
            ImmutableArray<string> known = names.FindOfFixture(result.Source, fixture, arguments.Count);
            for (int i = 0; i < arguments.Count; i++)
            {
                string name = i < known.Length ? known[i] : Position(i);
                if (i >= known.Length || parameters.ContainsKey(name))
                {
                    name = "fixture." + name;
                }

                parameters[parameters.ContainsKey(name) ? $"{fixture}.{name}" : name] = HtmlText.Clean(arguments[i].Value);
            }
        }

        return parameters;
    }

    /// <summary>A project with several target frameworks has each test once for each, so all of its rows name theirs, whoever ends first.</summary>
    public static IReadOnlyDictionary<string, string> WithOurs(ObservedResult result, IReadOnlyDictionary<string, string> parameters)
        => string.IsNullOrEmpty(result.FrameworkOfSeveral) ? parameters
            : new Dictionary<string, string>(parameters)
            {
                [parameters.ContainsKey("targetFramework") ? "targetFramework of the project" : "targetFramework"] = result.FrameworkOfSeveral,
            };

    private static IReadOnlyDictionary<string, string> ReadOwn(ObservedResult result, string method, string type, ParameterNames names)
    {
        IReadOnlyList<(string? Name, string Value)>? arguments = RowArguments.Parse(result.DisplayName, method);
        if (arguments is null && TestIdentity.IsXunit(result.ExecutorUri) && names.AllOf(result.Source, type, method) is not { Count: 0 } and var known)
        {
            arguments = RowArguments.ParseNamed(result.DisplayName, known);
        }

        if (arguments is null)
        {
            // A row with a display name of its own: the name is all that tells it from the other rows.
            return names.TakesParameters(result.Source, type, method)
                ? new Dictionary<string, string> { ["displayName"] = HtmlText.Clean(result.DisplayName) }
                : ImmutableDictionary<string, string>.Empty;
        }

        ImmutableArray<string> declared = names.Find(result.Source, type, method, arguments.Count);
        var parameters = new Dictionary<string, string>();
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = i < declared.Length ? declared[i] : arguments[i].Name ?? Position(i);
            parameters[name] = HtmlText.Clean(arguments[i].Value);
        }

        return parameters;
    }

    private static string MethodOf(ObservedResult result, TestIdentity identity, string type)
    {
        // xUnit's name has the arguments, the fully qualified name never has; NUnit's has them and the name never has.
        string method = result.FullyQualifiedName.StartsWith(type + ".", StringComparison.Ordinal)
            ? result.FullyQualifiedName[(type.Length + 1)..]
            : identity.Name;
        int open = method.IndexOf('(', StringComparison.Ordinal);
        return open > 0 ? method[..open] : method;
    }

    private static string Position(int index) => (index + 1).ToString(CultureInfo.InvariantCulture);
}

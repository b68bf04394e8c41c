using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SyncStorage.Results;

/// <summary>
/// Who a test is to Test IT. Ids are made as the official .NET adapter for the same framework makes them, so that whoever
/// switches keeps the autotests that are there already, with their history.
/// </summary>
/// <param name="ExternalId">
/// Id of the autotest. An id that the user gave may hold <c>{parameter}</c> placeholders, see <see cref="IsTemplate"/>.
/// </param>
/// <param name="Name">Name for humans: of the method, in xUnit of the test case with its arguments.</param>
/// <param name="ClassName">Name of the class without namespace; nested ones as Outer+Inner.</param>
/// <param name="Namespace">Empty for a class without one.</param>
internal sealed record TestIdentity(string ExternalId, string Name, string ClassName, string Namespace)
{
    /// <summary>The trait or property by which a user names the id.</summary>
    public const string ExternalIdTrait = "ExternalId";

    /// <summary>Value of SyncStorageExternalId: the id is the fully qualified name.</summary>
    public const string FullyQualifiedNameScheme = "FullyQualifiedName";

    /// <summary>True when the id came from a trait or property of the test.</summary>
    public bool IsExplicit { get; init; }

    /// <summary>True when placeholders are to be replaced by the values of a row before the id is used.</summary>
    public bool IsTemplate => IsExplicit && ExternalId.IndexOf('{') >= 0;

    public static TestIdentity Of(ObservedResult result, string scheme)
        => Of(result.ExecutorUri, result.FullyQualifiedName, result.TestCaseDisplayName, result.ManagedType, result.Traits, scheme);

    /// <summary>From what a collector knows, which sees test cases and no results: both must come to the same id.</summary>
    /// <param name="executorUri">Tells which framework ran the test.</param>
    /// <param name="fullyQualifiedName">As VSTest has it; NUnit's contains arguments.</param>
    /// <param name="displayName">Of the test CASE: rows that VSTest folds into one case share it, as they do in the official adapters.</param>
    /// <param name="managedType">Reflection name of the class, where the framework's adapter gives it.</param>
    /// <param name="traits">Traits, categories and properties of the test.</param>
    /// <param name="scheme">SyncStorageExternalId: Official or FullyQualifiedName.</param>
    public static TestIdentity Of(
        string executorUri, string fullyQualifiedName, string displayName, string? managedType, IEnumerable<ResultTrait> traits, string scheme)
    {
        bool xunit = IsXunit(executorUri);
        string method = xunit ? fullyQualifiedName : MethodOf(fullyQualifiedName, hasFixtureArguments: IsNUnit(executorUri));
        string type = TypeOf(method, managedType);
        string name = method.StartsWith(type + ".", StringComparison.Ordinal) ? method.Substring(type.Length + 1) : method;
        if (xunit)
        {
            name = displayName.StartsWith(type + ".", StringComparison.Ordinal) ? displayName.Substring(type.Length + 1) : displayName;
        }

        int dot = type.LastIndexOf('.');
        string? chosen = traits.FirstOrDefault(IsExternalId)?.Value.Trim();
        string externalId = chosen
            ?? (scheme == FullyQualifiedNameScheme ? fullyQualifiedName
                : xunit ? XunitId(type, displayName)
                : MethodId(method));
        return new TestIdentity(
            externalId,
            string.IsNullOrWhiteSpace(name) ? fullyQualifiedName : name,
            type.Substring(dot + 1),
            dot < 0 ? "" : type.Substring(0, dot))
        {
            IsExplicit = chosen is not null,
        };
    }

    /// <summary>MSTest and NUnit: 32 bits of the method's hash, in decimal. All rows of a method share it, and two methods may.</summary>
    private static string MethodId(string method)
    {
        byte[] hash = Hash(method);
        uint first = hash[0] | (uint)hash[1] << 8 | (uint)hash[2] << 16 | (uint)hash[3] << 24;
        return first.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// xUnit. The official adapter cuts the display name at its LAST dot, wherever that is: of <c>N.C.Add(x: 1.5)</c> it keeps
    /// <c>5)</c>, and of a DisplayName "Adds. Twice" it keeps " Twice". Odd, but those are the ids that exist in
    /// people's projects. Tests that come to the same id so are told apart by their parameters.
    /// </summary>
    private static string XunitId(string type, string displayName)
        => BitConverter.ToString(Hash($"{type}.{displayName.Substring(displayName.LastIndexOf('.') + 1)}")).Replace("-", "");

    /// <summary>
    /// The name up to the first bracket, as the official adapter cuts it. A NUnit fixture with arguments, <c>N.F("a").Test(1)</c>,
    /// is nothing that adapter can report at all; there the fixture's arguments are taken out, so that its tests keep
    /// ids of their own.
    /// </summary>
    private static string MethodOf(string fullyQualifiedName, bool hasFixtureArguments)
    {
        string name = fullyQualifiedName;
        int open = name.IndexOf('(');
        while (hasFixtureArguments && open > 0)
        {
            int close = ClosingBracket(name, open);
            if (close < 0 || close + 1 >= name.Length || name[close + 1] is not ('.' or '+'))
            {
                break;
            }

            name = name.Remove(open, close - open + 1);
            open = name.IndexOf('(', open);
        }

        return open > 0 ? name.Substring(0, open) : name;
    }

    /// <summary>The bracket that closes the one at <paramref name="open"/>, past nested ones and quoted text; -1 when there is none.</summary>
    internal static int ClosingBracket(string text, int open)
    {
        int depth = 0;
        char quote = '\0';
        for (int i = open; i < text.Length; i++)
        {
            char c = text[i];
            if (quote != '\0')
            {
                if (c == '\\')
                {
                    i++;
                }
                else if (c == quote)
                {
                    quote = '\0';
                }
            }
            else if (c is '"' or '\'')
            {
                quote = c;
            }
            else if (c == '(')
            {
                depth++;
            }
            else if (c == ')' && --depth == 0)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The class. F# and VB allow dots in a method's name, so what the framework says beats counting dots.</summary>
    private static string TypeOf(string method, string? managedType)
    {
        if (!string.IsNullOrEmpty(managedType))
        {
            return managedType!;
        }

        int dot = method.LastIndexOf('.');
        return dot > 0 ? method.Substring(0, dot) : "";
    }

    internal static bool IsExternalId(ResultTrait trait)
        => string.Equals(trait.Name, ExternalIdTrait, StringComparison.OrdinalIgnoreCase) && !string.IsNullOrWhiteSpace(trait.Value);

    internal static bool IsXunit(string executorUri) => Mentions(executorUri, "xunit");

    internal static bool IsNUnit(string executorUri) => Mentions(executorUri, "nunit");

    private static bool Mentions(string executorUri, string framework)
        => executorUri.IndexOf(framework, StringComparison.OrdinalIgnoreCase) >= 0;

    private static byte[] Hash(string text)
    {
        using var sha = SHA256.Create();
        return sha.ComputeHash(Encoding.UTF8.GetBytes(text));
    }
}

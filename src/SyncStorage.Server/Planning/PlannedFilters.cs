using System.Buffers;

namespace SyncStorage.Server.Planning;

/// <summary>
/// Planned tests as VSTest filters. The frameworks agree on little: MSTest and xUnit leave the filter to VSTest, where a backslash escapes
/// everything; NUnit's adapter reads it itself, knows no escapes and no blanks, but matches suites, too; and only xUnit knows
/// DisplayName. Better a test too many than one that is missing: who was not planned is reported beside the plan.
/// </summary>
internal static class PlannedFilters
{
    /// <summary>A filter that no test passes. An empty one would let all pass.</summary>
    internal const string Nothing = "FullyQualifiedName=SyncStorage.NothingIsPlanned";

    /// <summary>What MSBuild and the command line might not bring to VSTest unharmed, escaped or not.</summary>
    private const string Fragile = "\";%$@\r\n";

    private static readonly SearchValues<char> FragileOnes = SearchValues.Create(Fragile);

    /// <summary>Where NUnit's adapter ends a word, and what is fragile.</summary>
    private static readonly char[] EndsWord = [' ', '\t', '\u00a0', '=', '~', '!', '(', ')', '&', '|', '\'', '\\', .. Fragile];

    /// <summary>Only what all of them read alike: plain names of methods, all of whose rows run.</summary>
    public static PlannedFilter Common(IReadOnlyList<ChosenTest> planned) => Make(planned, test =>
    {
        string name = UpToBracket(test.Name);
        return test.Method is { } method ? Is(method)
            : test.Type.Length > 0 && ChosenTest.IsPlain(test.Type) && ChosenTest.IsPlain(name) ? Is($"{test.Type}.{name}")
            : null;
    });

    public static PlannedFilter MSTest(IReadOnlyList<ChosenTest> planned) => Make(planned, test =>
    {
        if (test.Method is { } method)
        {
            return Is(method);
        }

        if (test.Type.Length == 0)
        {
            return null;
        }

        string name = $"{test.Type}.{UpToBracket(test.Name)}";
        if (name.AsSpan().ContainsAny(FragileOnes))
        {
            return AllOf("FullyQualifiedName", Words(name));
        }

        // The id, and so the name, ends before the first bracket; in F# the method's own name may go on after it.
        string escaped = Escape(name);
        return ChosenTest.IsPlain(name) ? Is(escaped) : $@"{Is(escaped)}|FullyQualifiedName~{escaped}\(|FullyQualifiedName~{escaped} \(";
    });

    /// <summary>
    /// By class and Name, which are names of suites as well: the class is the suite of all fixtures with arguments, the method that of
    /// its rows. A name of several words is the test that has them all; not its full name, since the outermost suite's is a path, which has
    /// many a short word in it.
    /// </summary>
    public static PlannedFilter NUnit(IReadOnlyList<ChosenTest> planned) => MakeByType(
        planned,
        type => Words(type) is [var only] && only == type ? Is(type) : AllOf("FullyQualifiedName", Words(type)),
        test =>
        {
            string name = UpToBracket(test.Name);
            return name.All(c => char.IsLetterOrDigit(c) || c == '_') && name.Length > 0 ? "Name=" + name : AllOf("Name", Words(name));
        });

    /// <summary>By display name, which tells rows apart. A plain name is also the method's, whatever its rows are called.</summary>
    public static PlannedFilter Xunit(IReadOnlyList<ChosenTest> planned) => MakeByType(
        planned,
        type => $"FullyQualifiedName~{Escape(type)}.",
        test => test.Name.Length == 0 ? null
            : test.IsWhole ? WholeMethod($"{test.Type}.{test.Name}")
            : ChosenTest.IsPlain(test.Name) ? $"{Is(Escape($"{test.Type}.{test.Name}"))}|DisplayName={Escape(test.Name)}"
            : test.Name.AsSpan().ContainsAny(FragileOnes) ? AllOf("DisplayName", Words(test.Name))
            : $"DisplayName={Escape($"{test.Type}.{test.Name}")}|DisplayName={Escape(test.Name)}");

    private static string? WholeMethod(string fullName)
        => fullName.AsSpan().ContainsAny(FragileOnes) ? AllOf("FullyQualifiedName", Words(fullName)) : Is(Escape(fullName));

    private static PlannedFilter Make(IReadOnlyList<ChosenTest> planned, Func<ChosenTest, string?> express)
    {
        var terms = new SortedSet<string>(StringComparer.Ordinal);
        var notExpressible = new List<string>();
        foreach (ChosenTest test in planned)
        {
            if (express(test) is { } term)
            {
                terms.Add(term);
            }
            else
            {
                notExpressible.Add(test.ToString());
            }
        }

        return Of(terms, notExpressible);
    }

    /// <summary>A class is named once, however many of its tests are planned.</summary>
    private static PlannedFilter MakeByType(IReadOnlyList<ChosenTest> planned, Func<string, string?> expressType, Func<ChosenTest, string?> expressTest)
    {
        var terms = new SortedSet<string>(StringComparer.Ordinal);
        var notExpressible = new List<string>();
        foreach (IGrouping<string, ChosenTest> type in planned.GroupBy(test => test.Type))
        {
            var ofType = new SortedSet<string>(StringComparer.Ordinal);
            foreach (ChosenTest test in type)
            {
                if (test.Method is { } method)
                {
                    terms.Add(Is(method));
                }
                else if (type.Key.Length > 0 && expressTest(test) is { } term)
                {
                    ofType.Add(term);
                }
                else
                {
                    notExpressible.Add(test.ToString());
                }
            }

            if (ofType.Count > 0 && expressType(type.Key) is { } typeTerm)
            {
                terms.Add($"({typeTerm}&({string.Join('|', ofType)}))");
            }
        }

        return Of(terms, notExpressible);
    }

    private static PlannedFilter Of(SortedSet<string> terms, List<string> notExpressible)
        => new() { Expression = terms.Count > 0 ? string.Join('|', terms) : Nothing, NotExpressible = notExpressible };

    private static string Is(string fullyQualifiedName) => "FullyQualifiedName=" + fullyQualifiedName;

    /// <summary>A name that cannot be written down whole, by its words.</summary>
    private static string? AllOf(string property, string[] words)
        => words.Length == 0 ? null : $"({string.Join('&', words.Select(word => $"{property}~{word}"))})";

    private static string[] Words(string text) => text.Split(EndsWord, StringSplitOptions.RemoveEmptyEntries);

    private static string UpToBracket(string name)
    {
        int open = name.IndexOf('(', StringComparison.Ordinal);
        return (open > 0 ? name[..open] : name).Trim();
    }

    private static string Escape(string text)
        => string.Concat(text.Select(c => c is '\\' or '(' or ')' or '&' or '|' or '=' or '!' or '~' ? @"\" + c : c.ToString()));
}

/// <summary>The tests as one kind of project has to be told them.</summary>
internal sealed record PlannedFilter
{
    public required string Expression { get; init; }

    /// <summary>What no filter can express: it runs only if the filter lets it.</summary>
    public IReadOnlyList<string> NotExpressible { get; init; } = [];
}

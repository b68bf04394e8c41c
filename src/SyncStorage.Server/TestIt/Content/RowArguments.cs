using SyncStorage.Results;

namespace SyncStorage.Server.TestIt.Content;

/// <summary>
/// Takes the arguments of a data row out of its display name: <c>Add (1,2)</c> of MSTest, <c>Add(1,"a")</c> of NUnit,
/// <c>N.C.Add(x: 1, y: "a")</c> of xUnit.
/// </summary>
internal static class RowArguments
{
    /// <param name="method">Plain name of the test method.</param>
    /// <returns>Name (xUnit writes it) and value of each argument; null when the display name is none that a framework makes of the method.</returns>
    public static IReadOnlyList<(string? Name, string Value)>? Parse(string displayName, string method)
    {
        int start = FindMethod(displayName, method);
        if (start < 0)
        {
            return null;
        }

        int open = displayName.IndexOf('(', start + method.Length);
        if (open < 0 || !IsTypeArguments(displayName.AsSpan(start + method.Length, open - start - method.Length)))
        {
            return null;
        }

        int close = displayName.LastIndexOf(')');
        if (close < open || !displayName.AsSpan(close + 1).IsWhiteSpace())
        {
            return null;
        }

        return Read(displayName[(open + 1)..close]);
    }

    /// <summary>
    /// Behind a display name of the user's own xUnit writes the arguments, too, each with its name: <c>Order (v2) is paid(how: "card", n: 1)</c>.
    /// </summary>
    /// <param name="known">Names of the method's parameters; null when they are unknown, and then only what is named throughout counts.</param>
    /// <returns>Null when there are none.</returns>
    public static IReadOnlyList<(string? Name, string Value)>? ParseNamed(string displayName, IReadOnlyCollection<string>? known)
    {
        string text = displayName.TrimEnd();
        for (int open = text.EndsWith(')') ? text.IndexOf('(') : -1; open >= 0; open = text.IndexOf('(', open + 1))
        {
            List<(string? Name, string Value)> arguments = Read(text[(open + 1)..^1]);
            if (arguments.Count > 0
                && (known is null ? arguments.TrueForAll(one => one.Name is not null) : arguments[0].Name is { } first && known.Contains(first)))
            {
                return arguments;
            }
        }

        return null;
    }

    /// <summary>The arguments of NUnit's fixtures, outer ones first: <c>N.Outer("a")+Inner(2).Opens(1)</c> has a and 2.</summary>
    /// <returns>One list for each class that has arguments, with the class as it is named up to there: N.Outer, N.Outer+Inner.</returns>
    public static IEnumerable<(string Type, IReadOnlyList<(string? Name, string Value)> Arguments)> ParseFixtures(string fullyQualifiedName)
    {
        string name = fullyQualifiedName;
        for (int open = name.IndexOf('('); open > 0; open = name.IndexOf('(', open))
        {
            int close = TestIdentity.ClosingBracket(name, open);
            if (close < 0 || close + 1 >= name.Length || name[close + 1] is not ('.' or '+'))
            {
                yield break;
            }

            yield return (name[..open], Read(name[(open + 1)..close]));
            name = name.Remove(open, close - open + 1);
        }
    }

    private static List<(string? Name, string Value)> Read(string text)
        => Split(text).Select(SplitName).Select(argument => (argument.Name, Unquote(argument.Value))).ToList();

    /// <summary>The method's name at the start, or after the last dot of the class.</summary>
    private static int FindMethod(string displayName, string method)
    {
        if (displayName.StartsWith(method, StringComparison.Ordinal))
        {
            return 0;
        }

        int open = displayName.IndexOf('(');
        int end = open < 0 ? displayName.Length : open;
        int at = displayName.AsSpan(0, end).LastIndexOf("." + method, StringComparison.Ordinal);
        return at < 0 ? -1 : at + 1;
    }

    /// <summary>Between the name and the bracket MSTest puts a space, generic methods their types.</summary>
    private static bool IsTypeArguments(ReadOnlySpan<char> between)
    {
        between = between.Trim();
        return between.IsEmpty || (between[0] == '<' && between[^1] == '>');
    }

    /// <summary>At the commas that are in no quotes and no brackets.</summary>
    private static IEnumerable<string> Split(string text)
    {
        if (text.Length == 0)
        {
            yield break;
        }

        int depth = 0;
        char quote = '\0';
        int start = 0;
        for (int i = 0; i < text.Length; i++)
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
            else if (c is '"' || (c == '\'' && text.IndexOf('\'', i + 1) is var closing && closing > 0 && closing - i <= 7))
            {
                quote = c;
            }
            else if (c is '(' or '[' or '{')
            {
                depth++;
            }
            else if (c is ')' or ']' or '}')
            {
                depth--;
            }
            else if (c == ',' && depth == 0)
            {
                yield return text[start..i].Trim();
                start = i + 1;
            }
        }

        yield return text[start..].Trim();
    }

    private static (string? Name, string Value) SplitName(string argument)
    {
        int colon = argument.IndexOf(": ", StringComparison.Ordinal);
        if (colon <= 0)
        {
            return (null, argument);
        }

        for (int i = 0; i < colon; i++)
        {
            if (!char.IsLetterOrDigit(argument[i]) && argument[i] != '_')
            {
                return (null, argument);
            }
        }

        return (argument[..colon], argument[(colon + 2)..].Trim());
    }

    private static string Unquote(string value)
        => value.Length >= 2 && value[0] == value[^1] && value[0] is '"' or '\'' ? value[1..^1] : value;
}

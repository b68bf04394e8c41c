using System.Globalization;
using System.Text;

namespace SyncStorage.Results;

/// <summary>
/// Texts of others (test names, Test IT's answers) on their way to a console. Terminals obey escape sequences, and CI systems obey lines such as
/// <c>##vso[...]</c>, <c>##[...]</c>, <c>##teamcity[...]</c> and <c>::add-mask::</c>: no such text may do anything but be read.
/// </summary>
internal static class ConsoleText
{
    /// <summary>As a line of ours on the console of a test run.</summary>
    public static string Line(Diagnostic diagnostic) => "Sync Storage: " + Escape(diagnostic.ToString());

    /// <returns>One line; what was plain stays as it was.</returns>
    public static string Escape(string text)
    {
        int plain = 0;
        while (plain < text.Length && !IsSpecial(text, plain))
        {
            plain++;
        }

        if (plain == text.Length)
        {
            return text;
        }

        var escaped = new StringBuilder(text, 0, plain, text.Length + 16);
        for (int i = plain; i < text.Length; i++)
        {
            char c = text[i];
            if (!IsSpecial(text, i))
            {
                escaped.Append(c);
            }
            else if (c is '#' or ':')
            {
                // Still to be read, but no command any more.
                escaped.Append(c).Append(' ');
            }
            else
            {
                escaped.Append(c switch { '\n' => "\\n", '\r' => "\\r", _ => "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture) });
            }
        }

        return escaped.ToString();
    }

    private static bool IsSpecial(string text, int i)
    {
        char c = text[i];
        return (char.IsControl(c) && c != '\t')
            // Line and paragraph separators, and what turns the order of the text around it.
            || c is '\u2028' or '\u2029' or '\u200e' or '\u200f' or '\u061c' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069')
            || (c == '#' && i + 1 < text.Length && text[i + 1] == '#')
            || (c == ':' && i + 1 < text.Length && text[i + 1] == ':' && IsCommand(text, i + 2));
    }

    /// <summary>A word, and colons after it: <c>::error file=a::text</c>. The text of an address or of a C++ name has none.</summary>
    private static bool IsCommand(string text, int start)
    {
        int end = start;
        while (end < text.Length && (char.IsLetter(text[end]) || text[end] == '-'))
        {
            end++;
        }

        return end > start && text.IndexOf("::", end, StringComparison.Ordinal) >= 0;
    }
}

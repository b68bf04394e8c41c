using System.Text;

namespace SyncStorage.Server.TestIt.Content;

/// <summary>Texts as Test IT takes them.</summary>
internal static class HtmlText
{
    /// <summary>
    /// Test IT renders texts as HTML. As the official clients do: when something in the text looks like a tag, every angle
    /// bracket of it becomes an entity; other texts stay as they are. Ids never come here.
    /// </summary>
    public static string Escape(string text)
    {
        text = Clean(text);
        return HasTag(text)
            ? text.Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
            : text;
    }

    public static string? EscapeOrNull(string? text) => string.IsNullOrEmpty(text) ? null : Escape(text);

    /// <summary>NUL, which Test IT's database refuses, is taken out; half of a surrogate pair, which is no UTF-8, is replaced.</summary>
    public static string Clean(string text)
    {
        int first = FirstBad(text);
        if (first < 0)
        {
            return text;
        }

        var clean = new StringBuilder(text.Length).Append(text, 0, first);
        for (int i = first; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                clean.Append(c).Append(text[++i]);
            }
            else if (char.IsSurrogate(c))
            {
                clean.Append('\uFFFD');
            }
            else if (c != '\0')
            {
                clean.Append(c);
            }
        }

        return clean.ToString();
    }

    /// <summary>Keeps the beginning and says that there was more.</summary>
    public static string Shorten(string text, int most)
    {
        if (text.Length <= most)
        {
            return text;
        }

        int end = char.IsHighSurrogate(text[most - 1]) ? most - 1 : most;
        return $"{text.AsSpan(0, end)}\n... ({text.Length - end} more characters)";
    }

    /// <summary>An angle bracket, something but a space, and a closing bracket on the same line. One pass: texts can be megabytes.</summary>
    private static bool HasTag(string text)
    {
        int from = 0;
        while (from < text.Length)
        {
            int end = text.IndexOf('\n', from);
            ReadOnlySpan<char> line = end < 0 ? text.AsSpan(from) : text.AsSpan(from, end - from);
            if (LineHasTag(line))
            {
                return true;
            }

            if (end < 0)
            {
                return false;
            }

            from = end + 1;
        }

        return false;
    }

    private static bool LineHasTag(ReadOnlySpan<char> line)
    {
        int last = line.LastIndexOf('>');
        for (int i = 0; i + 2 <= last; i++)
        {
            if (line[i] == '<' && !char.IsWhiteSpace(line[i + 1]))
            {
                return true;
            }
        }

        return false;
    }

    private static int FirstBad(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\0')
            {
                return i;
            }

            if (char.IsSurrogate(c))
            {
                if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                {
                    i++;
                    continue;
                }

                return i;
            }
        }

        return -1;
    }
}

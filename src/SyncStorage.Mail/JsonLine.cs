using System.Globalization;
using System.Text;

namespace SyncStorage.Mail;

/// <summary>
/// One JSON object on one line. Written by hand: a JSON library beside an extension could meet another version of itself in the host, and
/// compiling one takes longer than all that is written with it.
/// </summary>
internal sealed class JsonLine
{
    private const char Replacement = '\uFFFD';

    private readonly StringBuilder _text = new("{", 512);

    public JsonLine Add(string name, string? value)
    {
        if (value is not null)
        {
            Name(name);
            AppendString(value);
        }

        return this;
    }

    public JsonLine Add(string name, long value)
    {
        Name(name);
        _text.Append(value.ToString(CultureInfo.InvariantCulture));
        return this;
    }

    /// <summary>To a ten millionth of a second, with offset.</summary>
    public JsonLine Add(string name, DateTimeOffset value) => Add(name, value.ToString("O", CultureInfo.InvariantCulture));

    public JsonLine Add(string name, IReadOnlyList<string> values) => AddList(name, values, AppendString);

    public JsonLine Add(string name, IReadOnlyList<MailedTrait> traits) => AddList(name, traits, trait =>
    {
        _text.Append("{\"name\":");
        AppendString(trait.Name);
        _text.Append(",\"value\":");
        AppendString(trait.Value);
        _text.Append('}');
    });

    /// <summary>With the line feed that makes it whole.</summary>
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(_text.ToString() + "}\n");

    private JsonLine AddList<T>(string name, IReadOnlyList<T> items, Action<T> append)
    {
        if (items.Count == 0)
        {
            return this;
        }

        Name(name);
        for (int i = 0; i < items.Count; i++)
        {
            _text.Append(i == 0 ? '[' : ',');
            append(items[i]);
        }

        _text.Append(']');
        return this;
    }

    /// <param name="name">One of ours: nothing in it needs to be escaped.</param>
    private void Name(string name)
    {
        if (_text.Length > 1)
        {
            _text.Append(',');
        }

        _text.Append('"').Append(name).Append("\":");
    }

    private void AppendString(string value)
    {
        _text.Append('"');
        int plain = 0;
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
            {
                i++;
                continue;
            }

            if (c >= ' ' && c is not ('"' or '\\') && !char.IsSurrogate(c))
            {
                continue;
            }

            _text.Append(value, plain, i - plain);
            plain = i + 1;
            AppendEscaped(c);
        }

        _text.Append(value, plain, value.Length - plain).Append('"');
    }

    private void AppendEscaped(char c)
    {
        switch (c)
        {
            case '"' or '\\':
                _text.Append('\\').Append(c);
                break;
            case '\n':
                _text.Append("\\n");
                break;
            case '\r':
                _text.Append("\\r");
                break;
            case '\t':
                _text.Append("\\t");
                break;
            case < ' ':
                _text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                break;
            default:
                // Half of a pair: no reader of UTF-8 takes it, and no writer may write it.
                _text.Append(Replacement);
                break;
        }
    }
}

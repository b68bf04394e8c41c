using System.Buffers;
using System.Text.Json;

namespace SyncStorage.Server.TestIt.Api;

/// <summary>An answer is more than is read of any, or has what no list of Test IT's has.</summary>
internal sealed class UnreadAnswerException(string message) : Exception(message);

/// <summary>
/// What is read of an answer, whoever gives it: so many bytes (also of a compressed one that unpacks to gigabytes) and so many values. A hundred autotests
/// with two hundred steps each stay below.
/// </summary>
internal static class BoundedAnswer
{
    public const int MostBytes = 16 * 1024 * 1024;

    /// <summary>Objects, lists and single values: an empty object is two bytes of an answer and a hundred of memory.</summary>
    public const int MostValues = 500_000;

    /// <exception cref="UnreadAnswerException">It is larger.</exception>
    public static async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        using Stream stream = await content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        using var read = new MemoryStream((int)Math.Clamp(content.Headers.ContentLength ?? 0, 0, MostBytes));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            for (int count; (count = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
            {
                if (read.Length + count > MostBytes)
                {
                    throw new UnreadAnswerException($"it has more than {MostBytes} bytes");
                }

                read.Write(buffer, 0, count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return read.Length == read.Capacity ? read.GetBuffer() : read.ToArray();
    }

    /// <summary>Answers without null elements in lists, which no reader of ours expects.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="strict">True: a null element is an error.</param>
    /// <exception cref="UnreadAnswerException">There are more values, or a null element although that is an error.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static byte[] Check(byte[] json, bool strict)
    {
        bool hasNulls = false;
        int values = 0;
        var lists = new Stack<bool>();
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartArray or JsonTokenType.StartObject:
                    lists.Push(reader.TokenType == JsonTokenType.StartArray);
                    break;
                case JsonTokenType.EndArray or JsonTokenType.EndObject:
                    lists.Pop();
                    continue;
                case JsonTokenType.PropertyName:
                    continue;
                case JsonTokenType.Null:
                    hasNulls |= lists.TryPeek(out bool isList) && isList;
                    break;
            }

            if (++values > MostValues)
            {
                throw new UnreadAnswerException($"it has more than {MostValues} values");
            }
        }

        return !hasNulls ? json : strict ? throw new UnreadAnswerException("an element of a list is null") : WithoutNulls(json);
    }

    private static byte[] WithoutNulls(byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        var written = new ArrayBufferWriter<byte>(json.Length);
        using (var writer = new Utf8JsonWriter(written))
        {
            Write(document.RootElement, writer);
        }

        return written.WrittenSpan.ToArray();
    }

    private static void Write(JsonElement element, Utf8JsonWriter writer)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement one in element.EnumerateArray())
                {
                    if (one.ValueKind != JsonValueKind.Null)
                    {
                        Write(one, writer);
                    }
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    writer.WritePropertyName(member.Name);
                    Write(member.Value, writer);
                }

                writer.WriteEndObject();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}

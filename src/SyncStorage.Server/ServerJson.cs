using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using SyncStorage.Results;
using SyncStorage.Server.Mail;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server;

/// <summary>What only the server reads.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(StoredLineFacts))]
[JsonSerializable(typeof(WitnessedLine))]
[JsonSerializable(typeof(MailedEnd))]
[JsonSerializable(typeof(MailedTrouble))]
[JsonSerializable(typeof(RunEvent))]
[JsonSerializable(typeof(MailedWorker))]
internal sealed partial class ServerJson : JsonSerializerContext;

/// <summary>What only the server writes: see <see cref="Protocol.WireJsonOut"/>. Null members stay, so that a reader of report.json finds every name.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.Never, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(StoredLineHead))]
[JsonSerializable(typeof(Report))]
internal sealed partial class ServerJsonOut : JsonSerializerContext;

/// <summary>The journal's lines: absent members are left out.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(RunEvent))]
internal sealed partial class JournalJsonOut : JsonSerializerContext;

/// <summary>JSON that people read and search as well: letters of all languages, quotes and plus signs as they are.</summary>
internal static class ReadableJson
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions Indented = Compact with { Indented = true };

    public static ReadOnlySpan<byte> Write<T>(T value, JsonTypeInfo<T> type, bool indented = false) => WriteMemory(value, type, indented).Span;

    public static ReadOnlyMemory<byte> WriteMemory<T>(T value, JsonTypeInfo<T> type, bool indented = false)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer, indented ? Indented : Compact);
        JsonSerializer.Serialize(writer, value, type);
        writer.Flush();
        return buffer.WrittenMemory;
    }
}

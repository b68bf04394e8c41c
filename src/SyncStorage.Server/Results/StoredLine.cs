using System.Buffers;
using System.Text.Json.Serialization;
using SyncStorage.Protocol;
using SyncStorage.Results;

namespace SyncStorage.Server.Results;

/// <summary>
/// A line of results.jsonl: the observed result as it was handed over, framed by what the report's readers look for. The
/// delivery comes last and padded to one width, so that its final word can be written in place: the file is never
/// rewritten, whatever its size.
/// </summary>
internal static class StoredLine
{
    private static readonly byte[] DeliveryMember = ",\"delivery\":"u8.ToArray();

    /// <summary>The longest word with its quotes.</summary>
    private const int DeliveryWidth = 10;

    private const int TailWidth = DeliveryWidth + 2; // brace, line feed

    /// <summary>Appends one line, with its line feed.</summary>
    public static void Write(ArrayBufferWriter<byte> target, StoredLineHead head, ObservedResult result, Delivery delivery)
    {
        ReadOnlySpan<byte> first = ReadableJson.Write(head, ServerJsonOut.Default.StoredLineHead);
        target.Write(first[..^1]);
        target.Write(","u8);
        ReadOnlySpan<byte> body = ReadableJson.Write(result, WireJsonOut.Default.ObservedResult);
        target.Write(body[1..^1]);
        target.Write(DeliveryMember);
        WriteDelivery(target.GetSpan(DeliveryWidth), delivery);
        target.Advance(DeliveryWidth);
        target.Write("}\n"u8);
    }

    /// <param name="line">Where the line begins.</param>
    /// <param name="length">Of the line, with its line feed.</param>
    public static void PatchDelivery(AppendFile file, long line, int length, Delivery delivery)
    {
        Span<byte> word = stackalloc byte[DeliveryWidth];
        WriteDelivery(word, delivery);
        file.Overwrite(line + length - TailWidth, word);
    }

    /// <param name="line">Without its line feed.</param>
    /// <returns>Whether the line ends as <see cref="Write"/> ends it: else patching would destroy it, and perhaps the one before.</returns>
    public static bool HasDelivery(ReadOnlySpan<byte> line)
        => line.Length > DeliveryMember.Length + TailWidth && line[^(DeliveryMember.Length + TailWidth - 1)..].StartsWith(DeliveryMember) && line[^1] == (byte)'}';

    public static string NameOf(Delivery delivery) => delivery switch
    {
        Delivery.Sent => "sent",
        Delivery.Spooled => "spooled",
        Delivery.Rejected => "rejected",
        _ => "pending",
    };

    public static Delivery ParseDelivery(string? name) => name switch
    {
        "sent" => Delivery.Sent,
        "spooled" => Delivery.Spooled,
        "rejected" => Delivery.Rejected,
        _ => Delivery.Pending,
    };

    private static void WriteDelivery(Span<byte> target, Delivery delivery)
    {
        target = target[..DeliveryWidth];
        target.Fill((byte)' ');
        string name = NameOf(delivery);
        target[0] = target[name.Length + 1] = (byte)'"';
        System.Text.Encoding.ASCII.GetBytes(name, target[1..]);
    }
}

/// <summary>The members that the contract of results.jsonl adds to <see cref="ObservedResult"/>.</summary>
internal sealed record StoredLineHead
{
    [JsonPropertyName("worker")] public string Worker { get; init; } = "";
    [JsonPropertyName("autoTestExternalId")] public string AutoTestExternalId { get; init; } = "";
    [JsonPropertyName("project")] public string? Project { get; init; }
    [JsonPropertyName("targetFramework")] public string? TargetFramework { get; init; }
}

/// <summary>What is read back of a line after a restart.</summary>
internal sealed record StoredLineFacts
{
    [JsonPropertyName("worker")] public string Worker { get; init; } = "";
    [JsonPropertyName("targetFramework")] public string? TargetFramework { get; init; }
    [JsonPropertyName("sequence")] public long Sequence { get; init; }
    [JsonPropertyName("outcome")] public string? Outcome { get; init; }
    [JsonPropertyName("delivery")] public string? Delivery { get; init; }
    [JsonPropertyName("recovered")] public bool Recovered { get; init; }
}

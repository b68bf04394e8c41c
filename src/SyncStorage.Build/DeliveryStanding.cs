using System.Text.Json;
using SyncStorage.Sessions;

namespace SyncStorage.Build;

/// <summary>What report.json says of the results of workers whose tests have ended.</summary>
/// <param name="IsSettled">The worker's results, and those of all that ended before it, are where they will be until the end of the run.</param>
/// <param name="Notices">Trouble with a code.</param>
internal sealed record DeliveryStanding(bool IsSettled, long Spooled, long Rejected, IReadOnlyList<string> Notices)
{
    /// <summary>Test IT was out of reach: no trouble any more once everything has arrived.</summary>
    private const string OutageCode = "SYNC0010";

    private static readonly DeliveryStanding Unknown = new(false, 0, 0, []);

    public static DeliveryStanding Read(string path, string worker)
    {
        try
        {
            return SharedFile.Read(path) is { } report ? Parse(report, worker) : Unknown;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // The next look will do.
            return Unknown;
        }
    }

    internal static DeliveryStanding Parse(byte[] json, string worker)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement report = document.RootElement;
        List<JsonElement> ended = report.GetProperty("workers").EnumerateArray().Where(one => one.GetProperty("status").GetString() != "in_progress").ToList();
        bool isSettled = ended.Any(one => one.GetProperty("pid").GetString() == worker) && ended.All(one => one.GetProperty("settled").GetBoolean());
        long spooled = ended.Sum(one => one.GetProperty("spooled").GetInt64());
        string[] notices = report.TryGetProperty("notices", out JsonElement list)
            ? list.EnumerateArray().Select(notice => notice.GetString()!).Where(notice => notice.StartsWith("SYNC", StringComparison.Ordinal)).ToArray()
            : [];
        return new DeliveryStanding(
            isSettled,
            spooled,
            report.GetProperty("results").GetProperty("rejected").GetInt64(),
            isSettled && spooled == 0 ? notices.Where(notice => !notice.StartsWith(OutageCode, StringComparison.Ordinal)).ToArray() : notices);
    }
}

using System.Text.Json;
using SyncStorage.Results;

namespace SyncStorage.Build;

/// <summary>What report.json says of the results of workers whose tests have ended.</summary>
/// <param name="IsSettled">The worker's results, and those of all that ended before it, are where they will be until the end of the run.</param>
/// <param name="Notices">Trouble with a code.</param>
internal sealed record DeliveryStanding(bool IsSettled, long Spooled, long Rejected, IReadOnlyList<Diagnostic> Notices)
{
    private static readonly DeliveryStanding Unknown = new(false, 0, 0, []);

    public static DeliveryStanding Read(string path, string worker)
    {
        try
        {
            return File.Exists(path) ? Of(Report.Read(path), worker) : Unknown;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // The next look will do.
            return Unknown;
        }
    }

    internal static DeliveryStanding Of(Report report, string worker)
    {
        List<ReportedWorker> ended = report.Workers.Where(one => one.Status != "in_progress").ToList();
        bool isSettled = ended.Any(one => one.Pid == worker) && ended.All(one => one.Settled);
        long spooled = ended.Sum(one => one.Spooled);
        bool hasArrived = isSettled && spooled == 0;
        return new DeliveryStanding(
            isSettled, spooled, report.Results.Rejected, report.Notices.Where(notice => notice.Code is not null && !(hasArrived && Diagnostics.IsOutage(notice.Code))).ToArray());
    }
}

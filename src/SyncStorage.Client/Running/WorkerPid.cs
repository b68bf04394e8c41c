using System.Diagnostics;
using System.Globalization;

namespace SyncStorage.Running;

/// <summary>Names of workers. The process id alone is not enough: ids are reused, and machines that share a run have the same ones.</summary>
internal static class WorkerPid
{
    public static int OfThisProcess { get; } = ReadOwn();

    public static string New()
        => string.Format(CultureInfo.InvariantCulture, "{0}-{1}-{2}", OfThisProcess, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Guid.NewGuid().ToString("N").Substring(0, 8));

    private static int ReadOwn()
    {
        using var self = Process.GetCurrentProcess();
        return self.Id;
    }
}

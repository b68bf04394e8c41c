using System.Diagnostics;
using System.Globalization;

namespace SyncStorage.Sessions;

/// <summary>Ids of workers. Unlike those of some official clients they never collide: process id, time and randomness.</summary>
internal static class WorkerPid
{
    public static string Create()
    {
        using var self = Process.GetCurrentProcess();
        return string.Format(CultureInfo.InvariantCulture, "{0}-{1}-{2}", self.Id, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Guid.NewGuid().ToString("N").Substring(0, 8));
    }
}

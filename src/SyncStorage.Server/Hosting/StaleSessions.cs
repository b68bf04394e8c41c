using SyncStorage.Server.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Session folders of invocations that were killed together with their server: nobody else removes them. Only those that
/// nobody holds a lease in and nothing has touched for ten minutes: a new one has no lease in its first moments.
/// </summary>
internal static class StaleSessions
{
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(10);

    public static void Remove(Session own, TimeProvider time, ServerLog log)
    {
        if (Directory.GetParent(own.Directory) is not { } root || !root.Name.StartsWith("SyncStorage-", StringComparison.Ordinal))
        {
            // Not where sessions lie: a folder that somebody named by hand.
            return;
        }

        foreach (DirectoryInfo folder in root.EnumerateDirectories().Where(folder => time.GetUtcNow() - folder.LastWriteTimeUtc > Age))
        {
            try
            {
                string leases = Path.Combine(folder.FullName, "leases");
                if (Directory.Exists(leases) && !Directory.EnumerateFiles(leases).Any(SessionLease.IsHeld))
                {
                    folder.Delete(recursive: true);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.Write($"{folder.FullName} is left as it is: {e.Message}");
            }
        }
    }
}

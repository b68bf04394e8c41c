using System;
using System.IO;

namespace SyncStorage.Sessions;

/// <summary>
/// <c>workers/{pid}.role</c>: the logger's word to the collector whether single tests are to be watched. VSTest starts the
/// logger long before the collector and waits for the collector only; so the logger asks who is master while nobody waits (at
/// once it answers where nobody watches anyway), and the collector finds the answer in a file. It also tells the collector that
/// the worker has a logger, which speaks for it.
/// </summary>
internal static class WorkerRole
{
    private const string Watch = "watch";
    private const string Rest = "rest";

    /// <summary>Once; what was said first counts. Never throws: the file only saves time.</summary>
    public static void Write(string sessionDirectory, string pid, bool watchesTests)
    {
        string path = PathOf(sessionDirectory, pid);
        if (File.Exists(path))
        {
            return;
        }

        try
        {
            File.WriteAllText(path + ".tmp", watchesTests ? Watch : Rest);
            File.Move(path + ".tmp", path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The session is over.
        }
    }

    /// <summary>Null while nothing has been said.</summary>
    public static bool? Read(string sessionDirectory, string pid)
    {
        string path = PathOf(sessionDirectory, pid);
        return File.Exists(path) ? File.ReadAllText(path) == Watch : null;
    }

    private static string PathOf(string sessionDirectory, string pid) => Path.Combine(sessionDirectory, "workers", pid + ".role");
}

using System.Globalization;

namespace SyncStorage.Sessions;

/// <summary>A process as /proc tells: one small read instead of the dozen that <see cref="System.Diagnostics.Process"/> does.</summary>
internal static class LinuxProcess
{
    // Counted from the third field of /proc/{id}/stat.
    private const int State = 0;
    private const int StartTime = 19;

    /// <summary>
    /// Tells a process from any other that ever had its id. Null when there is none; also for one that has ended and whose parent has not
    /// noticed: a server that a guest started becomes the first process's child, and in many containers that one never looks.
    /// </summary>
    public static string? BirthOf(int processId)
    {
        string path = string.Format(CultureInfo.InvariantCulture, "/proc/{0}/stat", processId);
        if (!File.Exists(path))
        {
            // How every wait for a server ends, told without an exception: the first one of a process takes milliseconds.
            return null;
        }

        try
        {
            string stat = File.ReadAllText(path);
            // The second field is the program's name in parentheses and may contain anything.
            string[] fields = stat.Substring(stat.LastIndexOf(')') + 2).Split(' ');
            return fields[State] is "Z" or "X" ? null : fields[StartTime];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

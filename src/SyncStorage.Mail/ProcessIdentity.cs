using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace SyncStorage.Sessions;

/// <summary>A process, told from every other that ever had its id. As text: the id, a dot, the birth.</summary>
/// <param name="Id">Given to another process as soon as this one has ended.</param>
/// <param name="Birth">When it began, in the operating system's own measure.</param>
internal sealed record ProcessIdentity(int Id, string Birth)
{
    // Counted from the third field of /proc/{id}/stat.
    private const int State = 0;
    private const int StartTime = 19;

    // No process is born then.
    private const string Ended = "ended";

    /// <summary>Null where the process cannot even see itself.</summary>
    public static ProcessIdentity? OfSelf()
    {
        using var self = Process.GetCurrentProcess();
        return Of(self.Id);
    }

    /// <returns>
    /// Null when there is none, or none to be seen from here; also for one that has ended and whose parent has not noticed: a server that a
    /// guest started becomes the first process's child, and in many containers that one never looks.
    /// </returns>
    public static ProcessIdentity? Of(int id)
        => (RuntimeInformation.IsOSPlatform(OSPlatform.Linux) ? LinuxBirthOf(id) : BirthOf(id)) is { } birth ? new ProcessIdentity(id, birth) : null;

    /// <summary>Of a child that has just been started; it may have ended since.</summary>
    public static ProcessIdentity OfStarted(int id) => Of(id) ?? new ProcessIdentity(id, Ended);

    public static ProcessIdentity? Parse(string? text)
    {
        string[] parts = text?.Split('.') ?? [];
        return parts.Length == 2 && parts[1].Length > 0 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id > 0
            ? new ProcessIdentity(id, parts[1])
            : null;
    }

    public bool IsAlive() => Of(Id) == this;

    public override string ToString() => string.Format(CultureInfo.InvariantCulture, "{0}.{1}", Id, Birth);

    /// <summary>One small read instead of the dozen that <see cref="Process"/> does.</summary>
    private static string? LinuxBirthOf(int id)
    {
        string path = string.Format(CultureInfo.InvariantCulture, "/proc/{0}/stat", id);
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

    private static string? BirthOf(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            // Not the local time: it jumps twice a year.
            return process.HasExited ? null : process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace SyncStorage.Sessions;

/// <summary>A process, told from any other that ever had its id. As text it may stand in a file's name.</summary>
internal readonly record struct ProcessIdentity(int Id, string Birth)
{
    public static ProcessIdentity Self
    {
        get
        {
            using var self = Process.GetCurrentProcess();
            return new ProcessIdentity(self.Id, BirthOf(self.Id) ?? "");
        }
    }

    /// <summary>Also true on platforms that do not tell births, of whatever process has the id now.</summary>
    public bool IsAlive => BirthOf(Id) is { } birth && (birth == Birth || birth.Length == 0);

    /// <summary>Null when there is no such process; empty when the platform does not tell.</summary>
    public static string? BirthOf(int processId)
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Linux))
        {
            return LinuxProcess.BirthOf(processId);
        }

        try
        {
            using var process = Process.GetProcessById(processId);
            return process.HasExited ? null : process.StartTime.Ticks.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return null;
        }
        catch (Win32Exception)
        {
            return "";
        }
    }

    /// <returns>False for a text that is no process.</returns>
    public static bool TryParse(string text, out ProcessIdentity identity)
    {
        string[] parts = text.Split('-');
        bool isOne = parts.Length >= 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out _);
        identity = isOne ? new ProcessIdentity(int.Parse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture), parts[1]) : default;
        return isOne;
    }

    public override string ToString() => string.Format(CultureInfo.InvariantCulture, "{0}-{1}", Id, Birth);
}

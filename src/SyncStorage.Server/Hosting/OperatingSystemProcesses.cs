using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Hosting;

internal sealed class OperatingSystemProcesses : IProcessTable
{
    public string? BirthOf(int processId)
        => RuntimeInformation.IsOSPlatform(OSPlatform.Linux) ? FromProc(processId) : FromFramework(processId);

    /// <summary>One small read instead of the dozen that <see cref="Process"/> does, and it tells zombies.</summary>
    private static string? FromProc(int processId)
    {
        try
        {
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));

            // The second field is the program's name in parentheses and may contain anything.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            const int State = 0, StartTime = 19;
            return fields[State] is "Z" or "X" ? null : fields[StartTime];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? FromFramework(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return process.HasExited ? null : process.StartTime.Ticks.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}

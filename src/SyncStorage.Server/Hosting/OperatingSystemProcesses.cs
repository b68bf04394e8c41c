using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

internal sealed class OperatingSystemProcesses : IProcessTable
{
    public string? BirthOf(int processId)
        => RuntimeInformation.IsOSPlatform(OSPlatform.Linux) ? LinuxProcess.BirthOf(processId) : FromFramework(processId);

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

using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A process that got the id of one that has ended, as happens on machines that run for long (Linux).</summary>
public sealed class Impostor : IDisposable
{
    private const string LastProcessId = "/proc/sys/kernel/ns_last_pid";
    private const int MostAttempts = 1000;

    private readonly Process _process;

    private Impostor(Process process) => _process = process;

    /// <param name="processId">Must be free, or about to be.</param>
    public static Impostor WithId(int processId)
    {
        for (int i = 0; i < MostAttempts; i++)
        {
            try
            {
                File.WriteAllText(LastProcessId, (processId - 1).ToString(CultureInfo.InvariantCulture));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Assert.Inconclusive($"Only a privileged user of Linux can choose a process id: {e.Message}");
            }

            // Threads of other processes take ids from the same row.
            Process process = Process.Start("sleep", "600");
            if (process.Id == processId)
            {
                return new Impostor(process);
            }

            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        throw new InvalidOperationException($"Process id {processId} did not become free.");
    }

    public bool IsAlive => !_process.HasExited;

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}

using System.Diagnostics;

namespace SyncStorage.Sessions;

/// <summary>The process of an embedded server, seen from those that need it.</summary>
internal static class ServerProcess
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    // Its heart beats five times a second, whatever it waits for itself; before the first beat it has to be loaded.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(30);

    // Only the kernel has to do something now.
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Waits until a server process has ended, which it does once no lease is left and its runs are closed.</summary>
    /// <returns>False when it still lives at the deadline.</returns>
    public static async Task<bool> WaitForEndAsync(int processId, TimeSpan timeout, CancellationToken cancellation = default)
    {
        var waited = Stopwatch.StartNew();
        while (IsAlive(processId))
        {
            if (waited.Elapsed >= timeout)
            {
                return false;
            }

            // Only the process that started it could wait for its end with a signal, and that need not be this one.
            await Task.Delay(TimeSpan.FromMilliseconds(3), cancellation).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>Waits for the end of a server; one that hangs is killed, and one that is late and that nobody needs.</summary>
    /// <param name="server">Its process.</param>
    /// <param name="heartbeat">Path of the file that shows that it gets to run.</param>
    /// <param name="timeout">When it is late.</param>
    /// <param name="isNeeded">Asked when it is late.</param>
    /// <returns>False when it still lived at the deadline, although it gets to run.</returns>
    public static async Task<bool> WaitForEndOrEndItAsync(int server, string heartbeat, TimeSpan timeout, Func<bool> isNeeded)
    {
        var waited = Stopwatch.StartNew();
        var pause = Stopwatch.StartNew();
        DateTime? beat = Beat(heartbeat);
        while (!await WaitForEndAsync(server, Look).ConfigureAwait(false))
        {
            DateTime? now = Beat(heartbeat);
            if (now != beat)
            {
                beat = now;
                pause.Restart();
            }

            bool isLate = waited.Elapsed >= timeout;
            if (isLate && isNeeded())
            {
                // Another invocation takes part in the run and needs it.
                return false;
            }

            if (isLate || pause.Elapsed >= (beat is null ? LongestStart : LongestPause))
            {
                return await KillAsync(server).ConfigureAwait(false) && !isLate;
            }
        }

        return true;
    }

    /// <returns>Changes several times a second while the server's threads get to run; null before the first beat.</returns>
    private static DateTime? Beat(string heartbeat) => File.Exists(heartbeat) ? File.GetLastWriteTimeUtc(heartbeat) : null;

    private static async Task<bool> KillAsync(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            process.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has just ended, or is not ours to end.
        }

        return await WaitForEndAsync(processId, KillTimeout).ConfigureAwait(false);
    }

    public static bool IsAlive(int processId) => ProcessIdentity.BirthOf(processId) is not null;
}

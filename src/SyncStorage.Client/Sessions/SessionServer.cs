using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace SyncStorage.Sessions;

/// <summary>Finds the session's server or starts it. The same steps for MSBuild, the guests and the library.</summary>
internal static class SessionServer
{
    // The server ends by itself at the completion timeout; this much later something is wrong with it.
    private static readonly TimeSpan SignOffPatience = TimeSpan.FromSeconds(10);

    // Starting under the lock takes some ten milliseconds; a server that stops holds it while it writes its last report.
    private const int MostRestarts = 2;
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Makes sure that a server process of the session lives (or is just starting); does not wait until it accepts. Take a
    /// lease before, or a new server may find nobody who needs it.
    /// </summary>
    /// <returns>True when this call started it.</returns>
    /// <exception cref="IOException">The lock was not free in time, or the folder is not writable.</exception>
    /// <exception cref="FileNotFoundException">There is no server or no dotnet host.</exception>
    public static async Task<bool> EnsureAsync(Session session, ServerStart start, CancellationToken cancellation = default)
    {
        using (await session.LockAsync(LockTimeout, cancellation).ConfigureAwait(false))
        {
            if (session.ReadStarted() is int pid && IsAlive(pid))
            {
                return false;
            }

            // Left over by a killed server: who waits for the new one must not find the old one's address.
            File.Delete(session.ServerStatePath);
            File.Delete(session.StartErrorPath);
            using Process process = ServerLauncher.Start(session, start);
            session.WriteStarted(process.Id);
            // Guests that MSBuild attached know only the session; with this they can start a killed server again. Written
            // after the start: the first JSON of a process takes as long as a sixth of the server's start.
            session.WriteStart(start);
            return true;
        }
    }

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

    /// <summary>
    /// Waits until the session's last server has closed its runs and signed off. One that ends without that was killed: a new
    /// one finishes from the journal. Call it after the last lease is gone.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="start">How its server is started.</param>
    /// <param name="server">Process id of the server, read before the lease was let go.</param>
    /// <returns>False when it still runs after its completion timeout, or dies as often as it is started.</returns>
    public static async Task<bool> WaitForSignOffAsync(Session session, ServerStart start, int server)
    {
        TimeSpan timeout = TimeSpan.FromSeconds(start.CompletionTimeout) + SignOffPatience;
        var waited = Stopwatch.StartNew();
        for (int restarts = 0; await WaitForEndAsync(server, timeout - waited.Elapsed).ConfigureAwait(false); restarts++)
        {
            // A server that signs off removes what tells its process.
            if (session.ReadStarted() != server)
            {
                return true;
            }

            if (restarts == MostRestarts)
            {
                return false;
            }

            await EnsureAsync(session, start).ConfigureAwait(false);
            server = session.ReadStarted() ?? server;
        }

        return false;
    }

    public static bool IsAlive(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}

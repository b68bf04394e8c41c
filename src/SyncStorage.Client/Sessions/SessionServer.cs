using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SyncStorage.Sessions;

/// <summary>Finds the session's server or starts it. The same steps for MSBuild and the library.</summary>
internal static class SessionServer
{
    // Starting under the lock takes some ten milliseconds; a server that stops holds it while it writes its last report.
    public static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);

    // The server ends by itself at the completion timeout; this much later something is wrong with it.
    private static readonly TimeSpan SignOffPatience = TimeSpan.FromSeconds(10);

    private const int MostRestarts = 2;

    /// <summary>
    /// Makes sure that a server process of the session lives (or is just starting); does not wait until it accepts. Take a
    /// lease before, or a new server may find nobody who needs it.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="start">How its server is started.</param>
    /// <param name="before">Done under the lock, where what is asked and what is written belong together.</param>
    /// <param name="cancellation">Of the wait for the lock.</param>
    /// <returns>True when this call started it.</returns>
    /// <exception cref="IOException">The lock was not free in time, or the folder is not writable.</exception>
    /// <exception cref="FileNotFoundException">There is no server or no dotnet host.</exception>
    public static async Task<bool> EnsureAsync(Session session, ServerStart start, Action? before = null, CancellationToken cancellation = default)
    {
        using (await session.LockAsync(LockTimeout, cancellation).ConfigureAwait(false))
        {
            before?.Invoke();
            if (session.ReadStarted()?.IsAlive() == true)
            {
                return false;
            }

            // Left over by a killed server: who waits for the new one must not find the old one's address.
            File.Delete(session.ServerStatePath);
            File.Delete(session.StartErrorPath);
            // One that takes another's place goes on in the same folder; everything else is said by who starts it, and by no file.
            ServerStart again = start with { Directory = session.ReadResultsDirectory() ?? start.Directory };
            session.WriteStarted(ServerLauncher.Start(session.Directory, again.ToOptions()));
            session.WriteResultsDirectory(start.Directory);
            return true;
        }
    }

    /// <summary>
    /// Waits until the session's last server has closed its runs and signed off. One that ends without that was killed: a new
    /// one finishes from the journal. One that hangs is killed. Call it after the last lease is gone; nothing of the session is
    /// left afterwards.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="start">How its server is started.</param>
    /// <param name="started">Process of the server, read before the lease was let go; null when none could be started.</param>
    /// <param name="restarted">Called when a killed server had to be replaced.</param>
    /// <returns>Null when all is well, else what to tell the user.</returns>
    public static async Task<Diagnostic?> WaitForSignOffAsync(Session session, ServerStart start, ProcessIdentity? started, Action? restarted = null)
    {
        Diagnostic? problem = started is { } server ? await SeeOffAsync(session, start, server, restarted).ConfigureAwait(false) : null;
        if ((problem is not null || started is null) && Directory.Exists(session.Directory) && !session.HasLeases())
        {
            // There is no server that would tidy up.
            using (await session.LockAsync(LockTimeout).ConfigureAwait(false))
            {
                session.RemoveServer();
            }
        }

        return problem;
    }

    private static async Task<Diagnostic?> SeeOffAsync(Session session, ServerStart start, ProcessIdentity server, Action? restarted)
    {
        TimeSpan timeout = TimeSpan.FromSeconds(start.CompletionTimeout) + SignOffPatience;
        var waited = Stopwatch.StartNew();
        for (int restarts = 0; await ServerProcess.WaitForEndOrEndItAsync(server, session.HeartbeatPath, timeout - waited.Elapsed, () => session.HasLeases()).ConfigureAwait(false); restarts++)
        {
            // A server that signs off removes what tells its process.
            if (session.ReadStarted() != server)
            {
                return null;
            }

            if (await session.ReadStartErrorAsync().ConfigureAwait(false) is { } reason)
            {
                return Diagnostics.ServerDidNotStart($"{reason.TrimEnd('.')}. Results are kept below {start.Directory}, and the next run takes them in.");
            }

            if (restarts == MostRestarts)
            {
                return Diagnostics.ServerEndedTooOften(restarts + 1, start.Directory);
            }

            if (await EnsureAsync(session, start).ConfigureAwait(false))
            {
                restarted?.Invoke();
            }

            server = session.ReadStarted() ?? server;
        }

        return Diagnostics.ServerStillRuns(waited.Elapsed.TotalSeconds, "SyncStorageCompletionTimeout", start.CompletionTimeout, start.Directory);
    }
}

using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace SyncStorage.Sessions;

/// <summary>Finds the session's server or starts it. The same steps for MSBuild, the guests and the library.</summary>
internal static class SessionServer
{
    // The server ends by itself at the completion timeout; this much later something is wrong with it.
    private static readonly TimeSpan SignOffPatience = TimeSpan.FromSeconds(10);

    // Most servers have ended by then, and need not be asked whether they still live.
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan NextLook = TimeSpan.FromSeconds(2);

    // It answers within milliseconds whatever it waits for itself; one that a guest has found silent already gets less.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DoubtfulAnswerTimeout = TimeSpan.FromSeconds(1);

    // Only the kernel has to do something now.
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(2);

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
    /// one finishes from the journal. One that hangs is killed. Call it after the last lease is gone; nothing of the session is
    /// left afterwards.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="start">How its server is started.</param>
    /// <param name="started">Process id of the server, read before the lease was let go; null when none could be started.</param>
    /// <returns>Null when all is well, else what to tell the user, with its code.</returns>
    public static async Task<string?> WaitForSignOffAsync(Session session, ServerStart start, int? started)
    {
        string? problem = started is int server ? await SeeOffAsync(session, start, server).ConfigureAwait(false) : null;
        if ((problem is not null || started is null) && Directory.Exists(session.Directory))
        {
            // There is no server that would tidy up.
            using (await session.LockAsync(LockTimeout).ConfigureAwait(false))
            {
                session.RemoveServer();
            }
        }

        return problem;
    }

    private static async Task<string?> SeeOffAsync(Session session, ServerStart start, int server)
    {
        TimeSpan timeout = TimeSpan.FromSeconds(start.CompletionTimeout) + SignOffPatience;
        var waited = Stopwatch.StartNew();
        for (int restarts = 0; await WaitForEndOrEndItAsync(session, server, timeout - waited.Elapsed).ConfigureAwait(false); restarts++)
        {
            // A server that signs off removes what tells its process.
            if (session.ReadStarted() != server)
            {
                return null;
            }

            if (await session.ReadStartErrorAsync().ConfigureAwait(false) is { } reason)
            {
                return $"SYNC0003: the server could not be started: {reason.TrimEnd('.')}. Results are kept below {start.Directory}, and the next run takes them in.";
            }

            if (restarts == MostRestarts)
            {
                return $"SYNC0009: the server ended {restarts + 1} times without closing its runs; see server.log below {start.Directory}";
            }

            await EnsureAsync(session, start).ConfigureAwait(false);
            server = session.ReadStarted() ?? server;
        }

        return $"SYNC0009: the server had not ended after {waited.Elapsed.TotalSeconds:0} s (SyncStorageCompletionTimeout is {start.CompletionTimeout} s); see server.log below {start.Directory}";
    }

    /// <returns>False when it still lived at the deadline, although it answers.</returns>
    private static async Task<bool> WaitForEndOrEndItAsync(Session session, int server, TimeSpan timeout)
    {
        var waited = Stopwatch.StartNew();
        TimeSpan look = session.IsSilent(server) ? TimeSpan.Zero : FirstLook;
        while (!await WaitForEndAsync(server, look).ConfigureAwait(false))
        {
            bool isLate = waited.Elapsed >= timeout;
            if (isLate && session.HasLeases())
            {
                // Another invocation has joined it meanwhile and needs it.
                return false;
            }

            if (isLate || !await AnswersAsync(session, server).ConfigureAwait(false))
            {
                return await KillAsync(server).ConfigureAwait(false) && !isLate;
            }

            look = NextLook;
        }

        return true;
    }

    /// <summary>False only for a server that takes a request and does not answer it.</summary>
    private static async Task<bool> AnswersAsync(Session session, int server)
        // Without the file it listens not yet, or not any more.
        => session.ReadServer() is not { } state || state.ProcessId != server
            || await Pulse.IsThereAsync(state.Url, session.IsSilent(server) ? DoubtfulAnswerTimeout : AnswerTimeout).ConfigureAwait(false);

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

    public static bool IsAlive(int processId)
        => RuntimeInformation.IsOSPlatform(OSPlatform.Linux) ? LinuxProcess.BirthOf(processId) is not null : IsAliveByFramework(processId);

    private static bool IsAliveByFramework(int processId)
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

using SyncStorage.Protocol;

namespace SyncStorage.Server.Runs;

/// <summary>
/// When a worker has ended and when it is given up. Ours say exactly when they end and can be watched; official clients are known
/// by what they send: statuses that flap, and pings, which most of them never send.
/// </summary>
internal static class Liveness
{
    /// <summary>Statuses of official adapters flap after every test: "completed" must hold for this long.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Official clients ping every 25 to 30 s, if at all.</summary>
    public static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(30);

    /// <summary>By then a ping that was due has come.</summary>
    public static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(1);

    /// <summary>Who has said "completed" and is silent for so long pings no more: its process has ended.</summary>
    public static readonly TimeSpan PingsStopped = TimeSpan.FromSeconds(35);

    /// <summary>Who is at work is missed later: a test may keep a process from pinging in time.</summary>
    public static readonly TimeSpan LostAfterPings = TimeSpan.FromSeconds(60);

    /// <summary>For official clients that never ping: a single test may well take minutes.</summary>
    public static readonly TimeSpan LostWithoutPings = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Lost, or completed for good. The "completed" of an official client may be taken back at its next test. And it is not the end
    /// where the client pings: pytest in its default bulk mode says it BEFORE it uploads its results, and pings until its process
    /// exits. So a client that has pinged has ended when its pings stop. Who waits for the completion of the run asks after the test
    /// processes have ended (the last step of the official workflows): then the grace period is enough, unless a ping is due just now.
    /// </summary>
    /// <param name="worker">The worker.</param>
    /// <param name="awaited">Somebody waits for the completion of the run.</param>
    /// <param name="now">The moment.</param>
    public static bool HasEnded(Worker worker, bool awaited, Moment now)
    {
        if (!worker.IsDone || worker.IsOwn || worker.Status == WorkerStatus.Lost)
        {
            return worker.IsDone;
        }

        if (now.Uptime - worker.DoneSince < Grace)
        {
            return false;
        }

        TimeSpan silence = now.Uptime - worker.LastPing;
        bool pingIsDue = silence >= PingInterval && silence < PingInterval + PingDelay;
        return !worker.HasPinged || silence >= PingsStopped || (awaited && !pingIsDue);
    }

    /// <param name="worker">The worker.</param>
    /// <param name="part">The half of it that is at work.</param>
    /// <param name="isAlive">Whether the process of a part still runs.</param>
    /// <param name="now">The moment.</param>
    public static bool IsLost(Worker worker, Part part, Func<Part, bool> isAlive, Moment now)
    {
        if (part.Process is not null)
        {
            return !isAlive(part);
        }

        // Ours without a process to watch hold a lease or die with the invocation; only official ones are timed.
        return !worker.IsOwn && now.Uptime - worker.LastSign >= (worker.HasPinged ? LostAfterPings : LostWithoutPings);
    }
}

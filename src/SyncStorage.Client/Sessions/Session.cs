using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Settings;

namespace SyncStorage.Sessions;

/// <summary>
/// The meeting place of one invocation (one <c>dotnet test</c>): a private folder below the temporary one, named by the
/// invocation's key. MSBuild nodes, collectors, loggers and the server find each other here.
/// <code>
/// lock                 held while a server is started or stops
/// server.pid           the process that was started last, accepting already or not
/// server.json          the running server (<see cref="ServerState"/>)
/// leases/*             who needs it (<see cref="SessionLease"/>)
/// workers/{pid}.json   what MSBuild knows of a worker (<see cref="WorkerDescription"/>)
/// workers/{pid}.role   whether its collector watches single tests (<see cref="WorkerRole"/>)
/// workers/{pid}.mail   where its extensions write (<see cref="Mail.MailAddress"/>)
/// runs/{id}.json       settings of a run, without the token (<see cref="RunSettings"/>)
/// runs/{id}.first      a worker was promised to be the run's first (<see cref="TryBeFirst"/>)
/// plans/{id}.json      which tests to run, adapter mode 0 (<see cref="TestPlan"/>)
/// start.json           how the server is started (<see cref="ServerStart"/>)
/// silent               process id of a server that did not answer in time
/// run-id               the run's id when the user gave none
/// error.txt            why the server could not start, written by the server before it exits
/// rehearsal            a run that the server plays through for itself, for a tenth of a second
/// </code>
/// </summary>
internal sealed partial class Session
{
    private const string LockName = "lock";
    private const string JoinPrefix = "join-";

    private Session(string directory) => Directory = directory;

    public string Directory { get; }
    public string ServerStatePath => Path.Combine(Directory, "server.json");
    public string StartErrorPath => Path.Combine(Directory, "error.txt");
    public string LeasesDirectory => Path.Combine(Directory, "leases");

    /// <param name="key">The same text in every process of the invocation and in no other invocation.</param>
    public static Session ForKey(string key)
    {
        OwnerOnly.CreateDirectory(Root);
        return At(Path.Combine(Root, Hash(key)));
    }

    /// <summary>True for the folder of a session of this user; guards against a path that came over the network.</summary>
    public static bool IsSessionDirectory(string path)
        => Path.IsPathRooted(path) && Path.GetDirectoryName(Path.GetFullPath(path)) == Path.GetFullPath(Root) && System.IO.Directory.Exists(path);

    /// <summary>Another invocation of this user's runs, or is just starting, on this machine.</summary>
    public bool AnyOther()
    {
        try
        {
            return Others().Any(other => other.ReadStarted() is int pid && SessionServer.IsAlive(pid));
        }
        catch (IOException)
        {
            // One ended in this moment: it was there.
            return true;
        }
    }

    /// <summary>The other invocations of this user on this machine, living or dead.</summary>
    public IReadOnlyList<Session> Others()
        => System.IO.Directory.GetDirectories(Root).Where(folder => folder != Directory).Select(folder => new Session(folder)).ToList();

    public static Session At(string directory)
    {
        OwnerOnly.CreateDirectory(directory);
        var session = new Session(directory);
        foreach (string folder in new[] { session.LeasesDirectory, session.WorkersDirectory, session.RunsDirectory, session.PlansDirectory })
        {
            System.IO.Directory.CreateDirectory(folder);
        }

        return session;
    }

    /// <summary>Serialises starting and stopping the server among all processes of the session. Released by a process that dies.</summary>
    /// <exception cref="IOException">Somebody else holds it for longer than <paramref name="timeout"/>.</exception>
    public async Task<IDisposable> LockAsync(TimeSpan timeout, CancellationToken cancellation = default)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(Directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (System.IO.Directory.Exists(Directory) && waited.Elapsed < timeout)
            {
                // A file lock has no wait with a deadline; it is held for some ten milliseconds at most.
                await Task.Delay(PollInterval, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The run id of an invocation for which the user gave none: whoever asks first makes it, everybody gets the same.</summary>
    public string DeriveTestRunId()
    {
        string path = Path.Combine(Directory, "run-id");
        string candidate = $"{path}.{Guid.NewGuid():N}.tmp";
        File.WriteAllText(candidate, Guid.NewGuid().ToString("D"));
        try
        {
            File.Move(candidate, path);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Somebody else was first.
            File.Delete(candidate);
        }

        return File.ReadAllText(path);
    }

    public SessionLease TakeLease() => SessionLease.Take(LeasesDirectory);

    /// <summary>For the server of another invocation that takes part in this one's run.</summary>
    public SessionLease TakeJoinLease() => SessionLease.Take(LeasesDirectory, JoinPrefix);

    /// <summary>Other invocations take part; that one's own end does not end the run then.</summary>
    public bool HasJoinLeases()
        => System.IO.Directory.Exists(LeasesDirectory) && System.IO.Directory.GetFiles(LeasesDirectory, JoinPrefix + "*").Any(SessionLease.IsHeld);

    /// <summary>Also false when the folder is gone: the server removes it when it stops.</summary>
    public bool HasLeases()
    {
        try
        {
            return System.IO.Directory.GetFiles(LeasesDirectory).Any(SessionLease.IsHeld);
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Null while no server runs.</summary>
    public ServerState? ReadServer() => Read(ServerStatePath, WireJson.Default.ServerState);

    /// <summary>Waits for the server's state file; null when the server could not start or the deadline passed.</summary>
    public async Task<ServerState?> WaitForServerAsync(TimeSpan timeout, CancellationToken cancellation = default)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            ServerState? state = ReadServer();
            bool died = ReadStarted() is int pid && !SessionServer.IsAlive(pid);
            if (state is not null || died || File.Exists(StartErrorPath) || waited.Elapsed >= timeout)
            {
                return state;
            }

            await Task.Delay(PollInterval, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Process id of the server that was started last; null when there was none. A server that has decided to stop removes
    /// the file together with server.json, under the lock, so that whoever comes later starts another.
    /// </summary>
    public int? ReadStarted()
        => File.Exists(StartedPath) && int.TryParse(File.ReadAllText(StartedPath), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : null;

    /// <summary>The server signs off; call it under the lock. With nobody left who needs it, the whole folder goes.</summary>
    public void RemoveServer()
    {
        File.Delete(ServerStatePath);
        File.Delete(StartedPath);
        if (HasLeases())
        {
            return;
        }

        try
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
        catch (IOException)
        {
            // Windows keeps the lock file as long as it is held; the next server tidies such folders up.
        }
    }

    /// <summary>That server did not answer within the time it had: the end of the build is quicker to believe that it hangs.</summary>
    public void NoteSilence(int processId)
    {
        try
        {
            File.WriteAllText(SilentPath, processId.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only a hint.
        }
    }

    public bool IsSilent(int processId)
    {
        try
        {
            return File.Exists(SilentPath) && File.ReadAllText(SilentPath) == processId.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void WriteStarted(int processId) => File.WriteAllText(StartedPath, processId.ToString(CultureInfo.InvariantCulture));

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private static string Root => Path.Combine(Path.GetTempPath(), "SyncStorage-" + Environment.UserName);
    private string StartedPath => Path.Combine(Directory, "server.pid");
    private string SilentPath => Path.Combine(Directory, "silent");
    private string WorkersDirectory => Path.Combine(Directory, "workers");
    private string PlansDirectory => Path.Combine(Directory, "plans");
    private string RunsDirectory => Path.Combine(Directory, "runs");

    private static string Hash(string text)
    {
        using var sha = SHA256.Create();
        return BitConverter.ToString(sha.ComputeHash(Encoding.UTF8.GetBytes(text)), 0, 8).Replace("-", "").ToLowerInvariant();
    }
}

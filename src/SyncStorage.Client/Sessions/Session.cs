using System.Diagnostics;
using System.Globalization;
using System.Text;
using SyncStorage.Protocol;
using SyncStorage.Settings;

namespace SyncStorage.Sessions;

/// <summary>
/// The meeting place of one invocation (one <c>dotnet test</c>): a private folder below the temporary one, named by the
/// invocation's key. MSBuild nodes, collectors, loggers and the server find each other here.
/// <code>
/// lock, lock.owner     held while a server is started or stops (<see cref="SessionLock"/>)
/// server.pid           the process that was started last, accepting already or not
/// server.json          the running server (<see cref="ServerState"/>)
/// leases/*             who needs it (<see cref="SessionLease"/>)
/// waiting/*            who waits for its end
/// workers/{pid}.mail   where its extensions write (<see cref="Mail.MailAddress"/>)
/// runs/{id}.json       settings of a run, without the token (<see cref="RunSettings"/>)
/// plans/{id}.json      what the run asks for, adapter mode 0 (<see cref="TestPlan"/>)
/// plans/{pid}.ask      MSBuild asks which tests of a built project that is (<see cref="ProjectPlanRequest"/>)
/// plans/{pid}.json     the answer (<see cref="ProjectPlan"/>)
/// directory            where that server keeps the runs' folders
/// heartbeat            changes as long as the server gets to run
/// silent               process id of a server that did not answer in time
/// run-id               the run's id when the user gave none
/// error.txt            why the server could not start, written by the server before it exits or by who started it (<see cref="StartFailure"/>)
/// waited               milliseconds that SyncStorageFailOnError has waited in vain
/// </code>
/// </summary>
internal sealed partial class Session
{
    private Session(string directory) => Directory = directory;

    public string Directory { get; }
    public string ServerStatePath => Path.Combine(Directory, "server.json");
    public string StartErrorPath => StartFailure.PathIn(Directory);

    /// <summary>Tells this session from an earlier one with the same key, whose folder was the same.</summary>
    public string Identity => $"{Directory}#{DeriveTestRunId()}";

    public string LeasesDirectory => Path.Combine(Directory, "leases");
    public string WaitingDirectory => Path.Combine(Directory, "waiting");

    /// <summary>Where a logger writes that no MSBuild target told the run's folder.</summary>
    public string MailDirectory => Path.Combine(Directory, "mail");

    public string HeartbeatPath => Path.Combine(Directory, "heartbeat");

    /// <param name="key">The same text in every process of the invocation and in no other invocation.</param>
    public static Session ForKey(string key) => At(SessionFolders.Of(key));

    /// <summary>True for the folder of a session of this user; guards against a path that came over the network or from a file.</summary>
    public static bool IsSessionDirectory(string path)
        => Path.IsPathRooted(path) && Path.GetDirectoryName(Path.GetFullPath(path)) == Path.GetFullPath(SessionFolders.Root) && OwnerOnly.IsPrivate(path);

    /// <summary>Somebody still needs the server of that session, or waits for what it does at its end.</summary>
    /// <param name="identity">See <see cref="Identity"/>.</param>
    public static bool IsNeeded(string identity)
    {
        // Only looked at: a dead session that is written to would count as one in use.
        var session = new Session(identity.Split('#')[0]);
        return IsSessionDirectory(session.Directory) && ReadText(session.RunIdPath) is string id && identity == $"{session.Directory}#{id}" && (session.HasLeases() || AnyHeld(session.WaitingDirectory, ""));
    }

    /// <summary>Another invocation of this user's runs, or is just starting, on this machine.</summary>
    public bool AnyOther()
    {
        try
        {
            return System.IO.Directory.GetDirectories(Path.GetDirectoryName(Directory)!)
                .Any(folder => folder != Directory && new Session(folder).ReadStarted() is int pid && ServerProcess.IsAlive(pid));
        }
        catch (DirectoryNotFoundException) when (!System.IO.Directory.Exists(Path.GetDirectoryName(Directory)))
        {
            return false;
        }
        catch (IOException)
        {
            // One ended in this moment: it was there.
            return true;
        }
    }

    public static Session At(string directory)
    {
        SessionFolders.CreatePrivate(directory);
        var session = new Session(directory);
        foreach (string folder in new[] { session.LeasesDirectory, session.WaitingDirectory, session.WorkersDirectory, session.RunsDirectory, session.PlansDirectory })
        {
            System.IO.Directory.CreateDirectory(folder);
        }

        return session;
    }

    /// <inheritdoc cref="SessionLock.TakeAsync"/>
    public Task<IDisposable> LockAsync(TimeSpan timeout, CancellationToken cancellation = default) => SessionLock.TakeAsync(Directory, timeout, cancellation);

    /// <summary>The run id of an invocation for which the user gave none: whoever asks first makes it, everybody gets the same.</summary>
    public string DeriveTestRunId()
    {
        string path = RunIdPath;
        if (ReadText(path) is string known)
        {
            return known;
        }

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

    public SessionLease TakeLease(LeaseHolder? holder = null) => SessionLease.Take(LeasesDirectory, holder ?? LeaseHolder.Self);

    /// <summary>Held by an invocation that has given its leases back and waits for the end of the run: its own end is worth knowing.</summary>
    public SessionLease TakeWaiting(LeaseHolder holder) => SessionLease.Take(WaitingDirectory, holder);

    /// <summary>Also false when the folder is gone: the server removes it when it stops.</summary>
    /// <param name="prefix">Of whom; everybody's by default.</param>
    public bool HasLeases(string prefix = "") => AnyHeld(LeasesDirectory, prefix);

    private static bool AnyHeld(string folder, string prefix)
    {
        try
        {
            return System.IO.Directory.GetFiles(folder, prefix + "*").Any(SessionLease.IsHeld);
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
            if (state is not null || File.Exists(StartErrorPath) || waited.Elapsed >= timeout)
            {
                return state;
            }

            if (ReadStarted() is int pid && !ServerProcess.IsAlive(pid))
            {
                await ReadStartErrorAsync(cancellation).ConfigureAwait(false);
                return ReadServer();
            }

            await Task.Delay(PollInterval, cancellation).ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="StartFailure.ReadAsync"/>
    public Task<string?> ReadStartErrorAsync(CancellationToken cancellation = default) => StartFailure.ReadAsync(Directory, cancellation);

    /// <inheritdoc cref="StartFailure.Read"/>
    public string? ReadStartError() => StartFailure.Read(Directory);

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
            // In one step: who comes in this moment finds a whole session or none, and none of what it writes is deleted with ours.
            string gone = $"{Directory}.{Guid.NewGuid():N}";
            System.IO.Directory.Move(Directory, gone);
            System.IO.Directory.Delete(gone, recursive: true);
        }
        catch (IOException)
        {
            // Windows keeps the lock file as long as it is held; the next server tidies such folders up.
        }
    }

    /// <summary>SyncStorageDirectory of the session's server: of who came first.</summary>
    public string? ReadResultsDirectory() => ReadText(ResultsDirectoryPath);

    public void WriteResultsDirectory(string directory)
    {
        if (!File.Exists(ResultsDirectoryPath))
        {
            Write(ResultsDirectoryPath, Encoding.UTF8.GetBytes(directory));
        }
    }

    public void WriteStarted(int processId) => File.WriteAllText(StartedPath, processId.ToString(CultureInfo.InvariantCulture));

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private string StartedPath => Path.Combine(Directory, "server.pid");
    private string ResultsDirectoryPath => Path.Combine(Directory, "directory");
    private string RunIdPath => Path.Combine(Directory, "run-id");
    private string WorkersDirectory => Path.Combine(Directory, "workers");
    public string PlansDirectory => Path.Combine(Directory, "plans");
    private string RunsDirectory => Path.Combine(Directory, "runs");

    private static string? ReadText(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (IOException)
        {
            // Gone, or being written, in this moment.
            return null;
        }
    }
}

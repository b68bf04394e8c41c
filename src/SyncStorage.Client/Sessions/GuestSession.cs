using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Settings;

namespace SyncStorage.Sessions;

/// <summary>A guest cannot take part; the text tells the user why.</summary>
internal sealed class GuestException(string message) : Exception(message);

/// <summary>
/// The session and worker of a collector or logger. MSBuild attached it to both, or the guest makes them from the
/// .runsettings and the vstest.console process; then it holds a lease and starts the server, as MSBuild would have.
/// </summary>
internal sealed class GuestSession : IDisposable
{
    private readonly ServerStart? _start;
    private SessionLease? _lease;

    private GuestSession(Session session, WorkerDescription worker, ServerStart? start, SessionLease? lease, IReadOnlyList<SettingProblem> problems)
    {
        Session = session;
        Worker = worker;
        Problems = problems;
        _start = start;
        _lease = lease;
    }

    public Session Session { get; }
    public WorkerDescription Worker { get; }

    /// <summary>What was wrong with hand-written settings. MSBuild reports those of its own.</summary>
    public IReadOnlyList<SettingProblem> Problems { get; }

    /// <summary>True when no MSBuild target holds the session open, so that the guests have to.</summary>
    public bool IsOwner => _start is not null;

    /// <summary>Null when the user switched Sync Storage off.</summary>
    /// <param name="configuration">See <see cref="GuestConfiguration"/>.</param>
    /// <param name="console">Looked at only when MSBuild did not attach the guest.</param>
    /// <param name="targetFramework">Of the tests, as far as the guest knows it.</param>
    /// <exception cref="GuestException">The session is over, or does not know the worker.</exception>
    public static GuestSession? Join(IReadOnlyDictionary<string, string> configuration, Func<TestConsole> console, string? targetFramework = null)
    {
        if (configuration.TryGetValue(GuestConfiguration.Session, out string? directory) && directory.Length > 0)
        {
            return JoinAttached(directory, configuration.TryGetValue(GuestConfiguration.Worker, out string? pid) ? pid : "");
        }

        return JoinOwn(configuration, console(), targetFramework);
    }

    /// <summary>Starts the server if MSBuild has not, and if nobody else of the session was faster.</summary>
    public Task EnsureServerAsync(CancellationToken cancellation)
        => _start is null ? Task.CompletedTask : SessionServer.EnsureAsync(Session, _start, cancellation);

    /// <summary>
    /// Lets go of the session; the last guest to do so waits until the run is closed and its report final, at most
    /// as long as SyncStorageCompletionTimeout says. Where MSBuild holds the session this does nothing.
    /// </summary>
    /// <returns>False when the server had not ended at the deadline.</returns>
    public async Task<bool> LeaveAsync()
    {
        if (_start is null || _lease is null)
        {
            return true;
        }

        int? server = Session.ReadStarted();
        Dispose();
        return Session.HasLeases() || await SessionServer.WaitForSignOffAsync(Session, _start, server).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _lease?.Dispose();
        _lease = null;
    }

    private static GuestSession JoinAttached(string directory, string pid)
    {
        if (!Directory.Exists(directory))
        {
            throw new GuestException($"the session '{directory}' is over.");
        }

        Session session = Session.At(directory);
        WorkerDescription worker = session.ReadWorker(pid) ?? throw new GuestException($"the session '{directory}' knows no worker '{pid}'.");
        return new GuestSession(session, worker, start: null, lease: null, problems: []);
    }

    private static GuestSession? JoinOwn(IReadOnlyDictionary<string, string> configuration, TestConsole console, string? targetFramework)
    {
        string startupDirectory = Directory.GetCurrentDirectory();
        string? assembly = console.TestAssembly;
        var settings = new InvocationSettings(
            assembly is null ? startupDirectory : Path.GetDirectoryName(assembly)!, startupDirectory, configuration, "{0} in the .runsettings");
        if (!settings.Enabled)
        {
            return null;
        }

        Session session = Session.ForKey(console.Key);
        SessionLease lease = session.TakeLease();
        try
        {
            string pid = console.WorkerPid(session);
            // The other guest may have been here first: its settings count then, as both must agree.
            WorkerDescription? worker = session.ReadWorker(pid);
            ServerStart? start = session.ReadStart();
            if (worker is null || start is null)
            {
                RunSettings run = settings.ReadRun(session);
                start = settings.ToServerStart(run.TestRunId, console.ProcessId);
                worker = Describe(pid, console, assembly, targetFramework, settings, run);
                session.WriteRun(run);
                session.WriteStart(start);
                session.WriteWorker(worker);
            }

            return new GuestSession(session, worker, start, lease, [.. settings.Problems, .. TokensIn(configuration)]);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>VSTest copies a .runsettings into its logs and hands it to every process of the run.</summary>
    private static IEnumerable<SettingProblem> TokensIn(IReadOnlyDictionary<string, string> configuration)
    {
        if (configuration.ContainsKey(Setting.PrivateToken.Name))
        {
            yield return new SettingProblem(
                Setting.PrivateToken.Name,
                ".runsettings",
                "PrivateToken in the .runsettings is not used: VSTest writes that file to its logs, so consider the token leaked. Replace it, and set the environment variable TMS_PRIVATE_TOKEN or privateToken in Tms.config.json instead.")
            {
                Code = "SYNC0001",
            };
        }
    }

    private static WorkerDescription Describe(string pid, TestConsole console, string? assembly, string? targetFramework, InvocationSettings settings, RunSettings run) => new()
    {
        Pid = pid,
        TestRunId = run.TestRunId,
        Project = assembly is null ? $"vstest.console {console.ProcessId}" : Path.GetFileNameWithoutExtension(assembly),
        TargetFramework = (assembly is null ? null : TestConsole.TargetFrameworkOf(assembly)) ?? targetFramework ?? "",
        TestEvents = settings.TestEvents,
        Directory = settings.Directory,
        MailFolder = new RunFolder(settings.Directory, run.TestRunId).MailDirectory,
        ProjectId = run.ProjectId,
        ExternalId = run.ExternalId,
        StartupTimeout = settings.StartupTimeout,
    };
}

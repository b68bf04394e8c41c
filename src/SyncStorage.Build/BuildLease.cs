using Microsoft.Build.Framework;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Build;

/// <summary>
/// Keeps the server alive until the build has ended in this MSBuild node. MSBuild disposes it on success, failing tests, build errors and
/// Ctrl+C, where no target would run any more (`AfterTargets="VSTest"` does not when tests fail).
/// </summary>
internal sealed class BuildLease : IDisposable
{
    private const int MostAttempts = 20;

    private readonly Session _session;
    private readonly ServerStart _start;
    private readonly LeaseHolder _holder;
    private readonly SessionLease _lease;
    private bool _isTold;

    private BuildLease(Session session, ServerStart start, LeaseHolder holder)
    {
        (_session, _start, _holder) = (session, start, holder);
        _lease = session.TakeLease(holder);
    }

    /// <summary>Takes the node's lease unless it has one, and sees to it that a server runs.</summary>
    /// <param name="engine">Keeps the lease until the build ends.</param>
    /// <param name="key">The session's.</param>
    /// <param name="start">How its server is started.</param>
    /// <param name="holder">This invocation.</param>
    /// <param name="prepare">Writes what the server has to find there.</param>
    /// <returns>The lease, and true when another invocation's server runs in its session, which this one takes part in.</returns>
    public static (BuildLease Lease, bool IsShared) Hold(IBuildEngine4 engine, string key, ServerStart start, LeaseHolder holder, Action<Session> prepare)
    {
        for (int attempt = 1; ; attempt++)
        {
            Session session = Session.ForKey(key);
            string name = "SyncStorage.Build " + session.Directory;
            if (engine.GetRegisteredTaskObject(name, RegisteredTaskObjectLifetime.Build) is BuildLease held)
            {
                prepare(session);
                SessionServer.EnsureAsync(session, start).GetAwaiter().GetResult();
                return (held, IsShared: false);
            }

            BuildLease? lease = null;
            try
            {
                bool isFirstOfUs = false;
                // Under the session's lock: of the nodes that come at once one is the first, and a server that ends holds it as well, so it
                // sees the lease, or we see that the folder is gone.
                bool isStarted = SessionServer.EnsureAsync(session, start, before: () =>
                {
                    isFirstOfUs = !session.HasLeases(holder.Prefix);
                    lease = new BuildLease(session, start, holder);
                    prepare(session);
                }).GetAwaiter().GetResult();
                bool isShared = isFirstOfUs && !isStarted;
                if (File.Exists(lease!._lease.Path) || attempt == MostAttempts)
                {
                    engine.RegisterTaskObject(name, lease, RegisteredTaskObjectLifetime.Build, allowEarlyCollection: false);
                    return (lease, isShared);
                }
            }
            catch (DirectoryNotFoundException) when (attempt < MostAttempts)
            {
                // The same, seen earlier.
            }
            catch
            {
                lease?._lease.Dispose();
                if (!session.HasLeases())
                {
                    // There is no server that would tidy up.
                    session.RemoveServer();
                }

                throw;
            }

            // A server that has just ended took the session's folder away under our hands: again, in a new one.
            lease?._lease.Dispose();
        }
    }

    public Session Session => _session;

    /// <summary>The end of the build need not repeat that there was no server.</summary>
    public void KeepQuiet() => _isTold = true;

    public void Dispose()
    {
        try
        {
            End();
        }
        catch (Exception e)
        {
            // Nobody listens to a task's log any more when MSBuild disposes; the console is what is left.
            Console.Error.WriteLine(ConsoleText.Line(Diagnostics.InternalError("the run could not be ended properly", e.Message)));
        }
    }

    private void End()
    {
        ProcessIdentity? server = _session.ReadStarted();
        string directory = _session.ReadResultsDirectory() ?? _start.Directory;
        List<string> runs = _session.ReadRunIds().ToList();
        using SessionLease waiting = _session.TakeWaiting(_holder);

        // Other nodes of this build still hold theirs: the last one waits. (Each node waiting for all others would be a deadlock.)
        if (!LetGo())
        {
            return;
        }

        Diagnostic? problem = SessionServer.WaitForSignOffAsync(_session, _start with { Directory = directory }, server, Replaced).GetAwaiter().GetResult();
        if (problem is not null && !_isTold)
        {
            Console.Error.WriteLine(ConsoleText.Line(problem));
        }

        // Where the own directory cannot be written, the session was in its place.
        bool isKept = Path.GetDirectoryName(_start.Directory) != _session.Directory;
        foreach (string run in runs)
        {
            Report(new RunFolder(directory, run), new RunFolder(isKept ? _start.Directory : directory, run));
        }
    }

    /// <summary>Gives the lease back.</summary>
    /// <returns>True for the last one of the invocation: under the lock, so that of nodes that end at once one is the last.</returns>
    private bool LetGo()
    {
        try
        {
            using (_session.LockAsync(SessionServer.LockTimeout).GetAwaiter().GetResult())
            {
                _lease.Dispose();
                return !_session.HasLeases(_holder.Prefix);
            }
        }
        finally
        {
            // A node may outlive the build, and would keep the server for as long.
            _lease.Dispose();
        }
    }

    /// <summary>Prints the last line; who took part in another invocation's run finds its report in the own directory as well.</summary>
    private static void Report(RunFolder run, RunFolder own)
    {
        if (own.Path != run.Path && ReportSummary.IsFinal(run))
        {
            OwnerOnly.CreateDirectory(own.Path);
            SharedFile.Copy(run.ReportPath, own.ReportPath);
            SharedFile.Copy(run.ResultsPath, own.ResultsPath);
            run = own;
        }

        if (ReportSummary.Of(run) is { } summary)
        {
            Console.WriteLine(summary);
        }
    }

    private static void Replaced()
        => Console.Error.WriteLine(ConsoleText.Line(Diagnostics.ServerRestarted()));
}

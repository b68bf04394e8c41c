using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
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
    private readonly Session _session;
    private readonly ServerStart _start;
    private readonly SessionLease _lease;
    private bool _isTold;

    private BuildLease(Session session, ServerStart start)
    {
        _session = session;
        _start = start;
        _lease = session.TakeLease();
    }

    /// <summary>Takes the node's lease unless it has one, and sees to it that a server runs.</summary>
    public static BuildLease Hold(IBuildEngine4 engine, Session session, ServerStart start)
    {
        string key = "SyncStorage.Build " + session.Directory;
        if (engine.GetRegisteredTaskObject(key, RegisteredTaskObjectLifetime.Build) is not BuildLease lease)
        {
            lease = new BuildLease(session, start);
            engine.RegisterTaskObject(key, lease, RegisteredTaskObjectLifetime.Build, allowEarlyCollection: false);
        }

        SessionServer.EnsureAsync(session, start).GetAwaiter().GetResult();
        return lease;
    }

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
            Console.Error.WriteLine($"Sync Storage: SYNC0003: the run could not be ended properly: {ConsoleText.Escape(e.Message)}");
        }
    }

    private void End()
    {
        int? server = _session.ReadStarted();
        IReadOnlyList<string> notes = _session.ReadNotes();
        List<RunFolder> runs = _session.ReadRunIds().Select(id => new RunFolder(_start.Directory, id)).ToList();
        _lease.Dispose();

        // Other nodes of this build still hold theirs: the last one waits. (Each node waiting for all others would be a deadlock.)
        if (_session.HasLeases())
        {
            return;
        }

        string? problem = SessionServer.WaitForSignOffAsync(_session, _start, server).GetAwaiter().GetResult();
        if (problem is not null && !_isTold)
        {
            Console.Error.WriteLine("Sync Storage: " + problem);
        }

        foreach (string note in notes)
        {
            Console.WriteLine("Sync Storage: " + note);
        }

        foreach (string summary in runs.Select(ReportSummary.Of).OfType<string>())
        {
            Console.WriteLine(summary);
        }
    }
}

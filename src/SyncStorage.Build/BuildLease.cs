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

    private BuildLease(Session session, ServerStart start)
    {
        _session = session;
        _start = start;
        _lease = session.TakeLease();
    }

    /// <summary>Takes the node's lease unless it has one, and sees to it that a server runs.</summary>
    public static void Hold(IBuildEngine4 engine, Session session, ServerStart start)
    {
        string key = "SyncStorage.Build " + session.Directory;
        if (engine.GetRegisteredTaskObject(key, RegisteredTaskObjectLifetime.Build) is null)
        {
            engine.RegisterTaskObject(key, new BuildLease(session, start), RegisteredTaskObjectLifetime.Build, allowEarlyCollection: false);
        }

        SessionServer.EnsureAsync(session, start).GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        try
        {
            End();
        }
        catch (Exception e)
        {
            // Nobody listens to a task's log any more when MSBuild disposes; the console is what is left.
            Console.Error.WriteLine($"warning SYNC0003: Sync Storage: the run could not be ended properly: {ConsoleText.Escape(e.Message)}");
        }
    }

    private void End()
    {
        int? server = _session.ReadStarted();
        List<string> reports = _session.ReadRunIds().Select(id => new RunFolder(_start.Directory, id).ReportPath).ToList();
        _lease.Dispose();

        // Other nodes of this build still hold theirs: the last one waits. (Each node waiting for all others would be a deadlock.)
        if (_session.HasLeases())
        {
            return;
        }

        if (!SessionServer.WaitForSignOffAsync(_session, _start, server).GetAwaiter().GetResult())
        {
            Console.Error.WriteLine($"warning SYNC0009: Sync Storage did not end properly within {_start.CompletionTimeout} s; see server.log below {_start.Directory}");
        }

        foreach (string report in reports.Where(File.Exists))
        {
            Console.WriteLine(ReportSummary.Of(report));
        }
    }
}

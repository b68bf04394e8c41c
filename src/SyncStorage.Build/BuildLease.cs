using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Microsoft.Build.Framework;
using SyncStorage.Sessions;

namespace SyncStorage.Build;

/// <summary>
/// Keeps the server alive until the build has ended in this MSBuild node. MSBuild disposes it on success, failing tests, build errors and
/// Ctrl+C, where no target would run any more (`AfterTargets="VSTest"` does not when tests fail).
/// </summary>
internal sealed class BuildLease : IDisposable
{
    // The server ends by itself at the completion timeout; this much later something is wrong with it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

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
            Console.Error.WriteLine($"warning SYNC0003: Sync Storage: the run could not be ended properly: {e.Message}");
        }
    }

    private void End()
    {
        int? server = _session.ReadStarted();
        List<string> reports = _session.ReadRuns().Select(run => new RunFolder(_start.Directory, run.TestRunId).ReportPath).ToList();
        _lease.Dispose();

        // Other nodes of this build still hold theirs: the last one waits. (Each node waiting for all others would be a deadlock.)
        if (server is null || _session.HasLeases())
        {
            return;
        }

        WaitForEnd(server.Value);
        foreach (string report in reports.Where(File.Exists))
        {
            Console.WriteLine(ReportSummary.Of(report));
        }
    }

    private void WaitForEnd(int server)
    {
        TimeSpan timeout = TimeSpan.FromSeconds(_start.CompletionTimeout) + Patience;
        var waited = Stopwatch.StartNew();
        while (SessionServer.WaitForEndAsync(server, timeout - waited.Elapsed).GetAwaiter().GetResult())
        {
            if (_session.ReadStarted() != server)
            {
                return;
            }

            // It did not sign off: somebody killed it. A new one finishes from the journal; no lease is needed for that.
            SessionServer.EnsureAsync(_session, _start).GetAwaiter().GetResult();
            server = _session.ReadStarted() ?? server;
        }

        Console.Error.WriteLine($"warning SYNC0009: Sync Storage did not end within {timeout.TotalSeconds:0} s; it goes on in the background (process {server}).");
    }
}

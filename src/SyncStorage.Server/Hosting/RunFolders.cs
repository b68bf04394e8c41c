using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// What earlier servers left in SyncStorageDirectory: runs of this invocation are continued, runs of dead ones are closed as
/// interrupted, old ones are removed.
/// </summary>
internal sealed class RunFolders(RunHost host, RunBook runs)
{
    public static readonly TimeSpan Age = TimeSpan.FromDays(14);

    public async Task TidyAsync(CancellationToken cancellation)
    {
        if (!Directory.Exists(host.Directory))
        {
            return;
        }

        foreach (string path in Directory.EnumerateDirectories(host.Directory))
        {
            cancellation.ThrowIfCancellationRequested();
            if (runs.All.Any(run => run.Folder.Path == path))
            {
                // Open in this very server.
                continue;
            }

            try
            {
                await TidyAsync(RunFolder.At(path)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                host.Log.Write($"{path} is left as it is: {e.Message}");
            }
        }
    }

    private async Task TidyAsync(RunFolder folder)
    {
        bool spooled = SpoolImport.Exists(folder);
        if (!spooled && LeftRun.IsPlainlyClosed(folder))
        {
            RemoveIfOld(folder);
            return;
        }

        LeftRun? left = LeftRun.In(folder);
        string? testRunId = left?.TestRunId ?? (spooled ? SpooledRunId(folder) : null);
        if (testRunId is null || (left is { IsClosed: true } && !spooled))
        {
            RemoveIfOld(folder);
        }
        else if (left is null ? IsMine(testRunId) : host.Session is not null && left.Session == host.Session)
        {
            runs.Open(testRunId).TakeSpooled();
        }
        else if (!IsAlive(left?.Session))
        {
            await CloseAsync(testRunId, folder).ConfigureAwait(false);
        }
    }

    private void RemoveIfOld(RunFolder folder)
    {
        if (host.Clock.Now.Time - LastWrite(folder) > Age && OldRunFolder.IsOurs(folder))
        {
            bool isGone = OldRunFolder.Remove(folder);
            host.Log.Write($"{folder.Path} was older than {Age.TotalDays:0} days and is removed{(isGone ? "" : ", but for what was not written by us")}.");
        }
    }

    private async Task CloseAsync(string testRunId, RunFolder folder)
    {
        using var run = new Run(testRunId, folder, host with { CreatePublisher = (_, _, _) => new NoPublisher() }, adopt: false);
        host.Log.Write($"Run {testRunId} was left open by a server that is dead; it is closed.");
        run.TakeSpooled();
        await run.FinishAsync(interrupted: true, CancellationToken.None).ConfigureAwait(false);
    }

    private static string? SpooledRunId(RunFolder folder)
    {
        foreach (SyncStorage.Results.ResultBatch batch in SpoolImport.Peek(folder))
        {
            if (batch.TestRunId is { Length: > 0 })
            {
                return batch.TestRunId;
            }
        }

        return null;
    }

    private bool IsMine(string testRunId) => host.Session is not null && Session.At(host.Session).ReadRun(testRunId) is not null;

    /// <summary>The invocation still runs: its own guests will start its server again.</summary>
    private static bool IsAlive(string? session) => session is not null && Directory.Exists(session) && Session.At(session).HasLeases();

    private static DateTimeOffset LastWrite(RunFolder folder)
    {
        DateTime last = DateTime.MinValue;
        foreach (string path in (IEnumerable<string>)[folder.JournalPath, folder.ReportPath, folder.ResultsPath])
        {
            DateTime written = File.GetLastWriteTimeUtc(path);
            last = written > last ? written : last;
        }

        return new DateTimeOffset(last, TimeSpan.Zero);
    }
}

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Server.Mail;
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

    /// <summary>Mail that no server has ever looked into: its own may be about to start, and only that one knows where the results belong.</summary>
    private static readonly TimeSpan Forsaken = TimeSpan.FromMinutes(10);

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
        bool hasMail = MailFolder.FilesIn(folder.MailDirectory).Any();
        if (!hasMail && LeftRun.IsPlainlyClosed(folder))
        {
            RemoveIfOld(folder);
            return;
        }

        LeftRun? left = LeftRun.In(folder);
        string? testRunId = left?.TestRunId ?? (hasMail ? MailFolder.RunIdIn(folder.MailDirectory) : null);
        if (testRunId is null || (left is { IsClosed: true } && !hasMail))
        {
            RemoveIfOld(folder);
        }
        else if (left is null ? host.Knows(testRunId) : host.Session is not null && left.Session == host.Session)
        {
            runs.Open(testRunId);
        }
        else if (left is null ? host.Clock.Now.Time - LastMail(folder) > Forsaken : left.Session is null || !Session.IsNeeded(left.Session))
        {
            await CloseAsync(testRunId, folder).ConfigureAwait(false);
        }
    }

    private void RemoveIfOld(RunFolder folder)
    {
        bool isOurs = File.Exists(folder.JournalPath) || File.Exists(folder.ReportPath);
        if (isOurs && host.Clock.Now.Time - LastWrite(folder) > Age)
        {
            Directory.Delete(folder.Path, recursive: true);
            host.Log.Write($"{folder.Path} was older than {Age.TotalDays:0} days and is removed.");
        }
    }

    private async Task CloseAsync(string testRunId, RunFolder folder)
    {
        using var run = new Run(testRunId, folder, host with { CreatePublisher = (_, _, _) => new NoPublisher() }, adopt: false);
        host.Log.Write($"Run {testRunId} was left open by a server that is dead; it is closed.");
        using var mail = new Mailbox(run, [folder.MailDirectory], LocalCoordinator.Instance, host.Log);
        await mail.PollAsync().ConfigureAwait(false);
        await run.FinishAsync(interrupted: true, CancellationToken.None).ConfigureAwait(false);
        // Its workers have ended by now, whatever they said.
        await mail.PollAsync().ConfigureAwait(false);
    }

    private static DateTimeOffset LastMail(RunFolder folder)
        => new(MailFolder.FilesIn(folder.MailDirectory).Select(File.GetLastWriteTimeUtc).DefaultIfEmpty(DateTime.UnixEpoch).Max(), TimeSpan.Zero);

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

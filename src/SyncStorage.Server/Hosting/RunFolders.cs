using SyncStorage.Server.Mail;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// What earlier servers left in SyncStorageDirectory: runs of this invocation are continued, runs of dead ones are closed as
/// interrupted, old ones are removed. Removed at the end only: the directory lies among the user's projects by default, and a file that a build has
/// found by a pattern such as **/*.json has to be there until that build is through.
/// </summary>
internal sealed class RunFolders(RunHost host, RunBook runs)
{
    public static readonly TimeSpan Age = TimeSpan.FromDays(14);

    private readonly List<string> _old = [];
    private readonly List<StoredMail> _read = [];

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

            await TryAsync(path, () => TidyAsync(RunFolder.At(path))).ConfigureAwait(false);
        }
    }

    /// <summary>After the tests.</summary>
    public async Task RemoveAsync()
    {
        foreach (StoredMail mail in _read)
        {
            mail.Remove();
        }

        foreach (string path in _old)
        {
            await TryAsync(path, () =>
            {
                // Asked again: meanwhile another server may have opened the run.
                var folder = RunFolder.At(path);
                if (OldRunFolder.IsOurs(folder))
                {
                    bool isGone = OldRunFolder.Remove(folder);
                    host.Log.Write($"{path} was older than {Age.TotalDays:0} days and is removed{(isGone ? "" : ", but for what was not written by us")}.");
                }

                return Task.CompletedTask;
            }).ConfigureAwait(false);
        }
    }

    private async Task TryAsync(string path, Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            host.Log.Write($"{path} is left as it is: {e.Message}");
        }
    }

    private async Task TidyAsync(RunFolder folder)
    {
        bool hasMail = MailFolder.FilesIn(folder.MailDirectory).Any();
        if ((!hasMail || IsOld(folder)) && LeftRun.IsPlainlyClosed(folder))
        {
            NoteIfOld(folder);
            return;
        }

        LeftRun? left = LeftRun.In(folder);
        // Mail without a journal: its own server may be about to start, and only that one knows where the results belong.
        MailedWorker? writer = left is null && hasMail ? MailFolder.WorkerIn(folder.MailDirectory) : null;
        string? testRunId = left?.TestRunId ?? writer?.TestRunId;
        if (testRunId is null || (left is { IsClosed: true } && !hasMail))
        {
            NoteIfOld(folder);
        }
        else if (left is null ? host.Knows(testRunId) : host.Session is not null && left.Session == host.Session)
        {
            runs.Open(testRunId);
        }
        else if ((left is null ? writer!.Session : left.Session) is not { } session || !Session.IsNeeded(session))
        {
            await CloseAsync(testRunId, folder).ConfigureAwait(false);
        }
    }

    private void NoteIfOld(RunFolder folder)
    {
        if (IsOld(folder) && OldRunFolder.IsOurs(folder))
        {
            _old.Add(folder.Path);
        }
    }

    private async Task CloseAsync(string testRunId, RunFolder folder)
    {
        using var run = new Run(testRunId, folder, host with { CreatePublisher = (_, _, _) => new NoPublisher() }, adopt: false);
        if (run.IsRunning)
        {
            host.Log.Write($"Run {testRunId} was left open by a server that is dead; it is closed.");
        }

        using var mail = new Mailbox(run, [folder.MailDirectory], LocalCoordinator.Instance, host.Log);
        _read.Add(mail.Stored);
        await mail.PollAsync().ConfigureAwait(false);
        await run.FinishAsync(interrupted: true, CancellationToken.None).ConfigureAwait(false);
        // Its workers have ended by now, whatever they said.
        await mail.PollAsync().ConfigureAwait(false);
    }

    /// <summary>By what was written in it, other than about it: mail that nobody can read is named in the log again and again.</summary>
    private bool IsOld(RunFolder folder)
    {
        DateTime last = Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories)
            .Where(path => path != folder.LogPath).Select(File.GetLastWriteTimeUtc).DefaultIfEmpty(DateTime.MaxValue).Max();
        return host.Clock.Now.Time.UtcDateTime - last > Age;
    }
}

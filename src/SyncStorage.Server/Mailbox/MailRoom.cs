using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Mail;

/// <summary>The mailboxes of all runs of an invocation; opens each run that the session names.</summary>
/// <param name="session">The session.</param>
/// <param name="runs">Its runs.</param>
/// <param name="sessionsOwnRun">The run whose mail also lies in the session, because its logger does not know the run's folder.</param>
/// <param name="log">For what cannot be read.</param>
internal sealed class MailRoom(Session session, RunBook runs, string? sessionsOwnRun, ServerLog log) : IDisposable
{
    private readonly Dictionary<Run, Mailbox> _boxes = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <returns>True when a worker has begun or ended.</returns>
    public async Task<bool> PollAsync()
    {
        OpenNamedRuns();
        bool changed = false;
        foreach (Run run in runs.All)
        {
            if (!_boxes.TryGetValue(run, out Mailbox? box))
            {
                _boxes.Add(run, box = new Mailbox(run, FoldersOf(run), runs.Coordinator, log));
            }

            changed |= await box.PollAsync().ConfigureAwait(false);
        }

        return changed;
    }

    /// <summary>What is stored and no longer needed, when the tests are through.</summary>
    public void Remove()
    {
        foreach (Mailbox box in _boxes.Values)
        {
            box.Stored.Remove();
        }
    }

    public void Dispose()
    {
        foreach (Mailbox box in _boxes.Values)
        {
            box.Dispose();
        }
    }

    private string[] FoldersOf(Run run)
        => run.TestRunId == sessionsOwnRun ? [run.Folder.MailDirectory, session.MailDirectory] : [run.Folder.MailDirectory];

    /// <summary>Who describes a run is going to send mail for it, and a build that fails before its tests leaves a report as well.</summary>
    private void OpenNamedRuns()
    {
        try
        {
            foreach (string testRunId in session.ReadNewRunIds(_known))
            {
                runs.Open(testRunId);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Refusal)
        {
            log.Write($"The runs of the session cannot be looked at: {e.Message}");
        }
    }
}

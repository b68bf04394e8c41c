using System.Diagnostics;
using Microsoft.Build.Framework;
using SyncStorage.Sessions;
using Task = Microsoft.Build.Utilities.Task;

namespace SyncStorage.Build;

/// <summary>
/// Runs after a project's tests and only under SyncStorageFailOnError: waits until what has become of its results is known, and turns what
/// the server noticed into errors. (At the end of the build it would be too late: nothing can fail it there.)
/// </summary>
public sealed class CheckSyncStorage : Task
{
    // The server replaces the report at most once a second while the run goes on.
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Folder of the session: all projects of the invocation wait SyncStorageCompletionTimeout once.</summary>
    [Required]
    public string Session { get; set; } = "";

    /// <summary>report.json of the run.</summary>
    [Required]
    public string Report { get; set; } = "";

    /// <summary>The worker whose tests have just ended.</summary>
    [Required]
    public string Worker { get; set; } = "";

    /// <summary>SyncStorageCompletionTimeout in seconds.</summary>
    [Required]
    public int Timeout { get; set; }

    /// <inheritdoc />
    public override bool Execute()
    {
        var log = new DiagnosticLog(Log, BuildEngine, failOnError: true);
        try
        {
            Check(log);
        }
        catch (Exception e)
        {
            log.Write(Diagnostics.ResultsNotDelivered($"what has become of the results could not be found out: {e.Message}"));
        }

        return !Log.HasLoggedErrors;
    }

    private void Check(DiagnosticLog log)
    {
        Session session = Sessions.Session.At(Session);
        var waited = Stopwatch.StartNew();
        DeliveryStanding standing = DeliveryStanding.Read(Report, Worker);
        while (!standing.IsSettled && waited.Elapsed < TimeSpan.FromSeconds(Timeout) && session.ReadWaitedInVain() == TimeSpan.Zero)
        {
            Thread.Sleep(PollInterval);
            standing = DeliveryStanding.Read(Report, Worker);
        }

        if (!standing.IsSettled && session.ReadWaitedInVain() == TimeSpan.Zero)
        {
            session.NoteWaitedInVain(waited.Elapsed);
        }

        foreach (Diagnostic notice in standing.Notices)
        {
            log.Write(notice);
        }

        if (standing.Rejected > 0)
        {
            log.Write(Diagnostics.ResultsRejected(standing.Rejected, Report));
        }

        if (!standing.IsSettled)
        {
            log.Write(Diagnostics.ResultsNotDelivered(
                $"what has become of the results of worker {Worker} is not known {Timeout} s after its tests (SyncStorageCompletionTimeout, which is waited for once); see {Report}."));
        }
        else if (standing.Spooled > 0)
        {
            log.Write(Diagnostics.ResultsNotDelivered($"{standing.Spooled} results are not in Test IT; see {Report}."));
        }
    }
}

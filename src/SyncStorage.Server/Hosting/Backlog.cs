using System.Text.Json;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// What earlier invocations could not send to the Test IT that this one publishes to: sent beside its own results, as soon as Test IT has
/// answered. It never fails this invocation: what is not sent by its end stays where it is.
/// </summary>
internal sealed class Backlog(string directory, ServerLog log, TimeProvider time, Action changed) : IDisposable
{
    // A log of its own: each old run's folder gets the lines about that run, and none of this server's.
    private readonly ServerLog _runsLog = new(time);
    private readonly CancellationTokenSource _deadline = new();
    private Task _work = Task.CompletedTask;
    private bool _hasBegun;
    private TimeSpan _patience = TimeSpan.MaxValue;

    public bool IsIdle => _work.IsCompleted;

    /// <summary>Begins once a run of this invocation is open in Test IT; before, asking for others would be asking in vain.</summary>
    public void Tend(IReadOnlyCollection<Run> own)
    {
        if (_hasBegun || own.FirstOrDefault(run => run.IsInTestIt) is not { } run)
        {
            return;
        }

        _hasBegun = true;
        HashSet<string> ownFolders = own.Select(one => one.Folder.Path).ToHashSet(StringComparer.Ordinal);
        _work = Background.Run(() => SendAsync(run, ownFolders), log).ContinueWith(_ => changed(), TaskScheduler.Default);
    }

    /// <summary>The invocation ends: what is not sent after that time stays spooled.</summary>
    public void Limit(TimeSpan patience)
    {
        if (patience < _patience)
        {
            _patience = patience;
            _deadline.CancelAfter(patience);
        }
    }

    public void Dispose()
    {
        _deadline.Dispose();
        _runsLog.Dispose();
    }

    private async Task SendAsync(Run own, HashSet<string> ownFolders)
    {
        foreach (string path in Directory.EnumerateDirectories(directory).Where(path => !ownFolders.Contains(path)))
        {
            if (_deadline.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await SendAsync(own, RunFolder.At(path)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
            {
                log.Write($"What may be spooled in {path} is left to others: {e.Message}");
            }
        }
    }

    private async Task SendAsync(Run own, RunFolder folder)
    {
        // The report tells most folders apart without a journal being read.
        if (!File.Exists(folder.ReportPath) || ReadReport(folder) is not { } known || !MayHaveLeft(known))
        {
            return;
        }

        using LeftResults? left = await LeftResults.OpenAsync(directory, folder, closeOpenRun: false, _runsLog, time).ConfigureAwait(false);
        var destination = ResendDestination.Of(own.Settings);
        if (left is null || left.IsRefused || left.SettingsFor(destination) is not { } settings || !IsOfProject(settings, own.Settings)
            || PrivateTokenSource.Read(destination.ConfigFile) is not { } token)
        {
            return;
        }

        log.Write($"{left.What} of run {left.TestRunId}, which an earlier invocation could not send, goes to Test IT now.");
        (Report report, bool isDone) = await left.SendAsync(settings, token, _deadline.Token).ConfigureAwait(false);
        if (left.Count == 0)
        {
            string fate = isDone ? "is in Test IT now" : $"is not in Test IT yet: {Reason(report)}";
            own.Tell($"{left.What} that run {report.TestRunId} had left {fate}; {left.ReportPath}");
            return;
        }

        long rejected = report.Results.Rejected;
        own.Tell(isDone
            ? $"{left.Count} results that run {report.TestRunId} had left spooled were sent{(rejected > 0 ? $" ({rejected} of that run are rejected)" : "")}; {left.ReportPath}"
            : $"{left.Count - report.Results.Spooled} of {left.Count} results that run {report.TestRunId} had left spooled were sent, {report.Results.Spooled} are still spooled: {Reason(report)}; {left.ReportPath}");
    }

    /// <summary>The newest thing that is known about the old run's trouble, in its own words.</summary>
    private string Reason(Report report)
        => report.Notices.LastOrDefault(notice => !Diagnostics.IsLeftOver(notice.Code)) is { } notice && !_deadline.IsCancellationRequested
            ? notice.ToString()
            : "the time was up";

    private static bool IsOfProject(RunSettings left, RunSettings own)
        => left.ProjectId is null || string.Equals(left.ProjectId, own.ProjectId, StringComparison.OrdinalIgnoreCase);

    private static bool MayHaveLeft(Report report)
        => report.Results.Spooled > 0 || report.InProgress is { Finalized: false } || report.Notices.Any(notice => Diagnostics.IsLeftOver(notice.Code));

    private static Report? ReadReport(RunFolder folder) => Report.Read(folder.ReportPath);
}

using SyncStorage.Results;
using SyncStorage.Server.Mail;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Server.TestIt;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// What an earlier run had to leave in its folder: results, or the last step in Test IT. While one is open, the folder is locked against every other process, by the
/// journal that it holds; the lock dies with the process, so a killed one is in nobody's way.
/// </summary>
internal sealed class LeftResults : IDisposable
{
    private readonly Run _run;
    private readonly TimeProvider _time;

    private LeftResults(Run run, TimeProvider time)
    {
        (_run, _time) = (run, time);
        Report report = run.Describe();
        Count = report.Results.Spooled;
        What = Count > 0 ? $"{Count} results"
            : report.InProgress is { Finalized: false } held ? $"the final status of the held-back result '{held.AutoTestExternalId}'"
            : "its last step";
    }

    /// <summary>Test IT's address as the run's settings or one of its clients named it; null when nobody did.</summary>
    public string? Address => _run.Settings.Publish ? _run.Settings.Url : _run.NamedAddress ?? _run.Settings.Url;

    /// <summary>Where what is left belongs, and how to get there.</summary>
    /// <param name="current">The only place that it may go to.</param>
    /// <returns>Null when it belongs elsewhere.</returns>
    public RunSettings? SettingsFor(ResendDestination current) => current.WhyNot(Address) is null ? current.Apply(_run.Settings) : null;

    /// <inheritdoc cref="Run.IsRefused"/>
    public bool IsRefused => _run.IsRefused;

    /// <summary>How many there were when the folder was opened.</summary>
    public long Count { get; }

    /// <summary>What is left, in words.</summary>
    public string What { get; }

    /// <param name="closeOpenRun">True: a run that its server left open is closed first. False: there is nothing to be sent of it yet.</param>
    /// <returns>Null when nothing of it is to be published.</returns>
    /// <exception cref="System.IO.IOException">A living process has the folder, or it cannot be read.</exception>
    public static async Task<LeftResults?> OpenAsync(string directory, RunFolder folder, bool closeOpenRun, ServerLog log, TimeProvider time)
    {
        if (LeftRun.In(folder) is not { } left)
        {
            return null;
        }

        var host = new RunHost
        {
            Clock = new Clock(time),
            Log = log,
            Processes = new OperatingSystemProcesses(),
            Directory = directory,
            SettingsOf = id => new RunSettings { TestRunId = id },
            CreatePublisher = (_, _, _) => new NoPublisher(),
            FinalizeOfficial = (_, _, _, _, _) => Task.FromResult(false),
        };
        var run = new Run(left.TestRunId, folder, host, adopt: false);
        try
        {
            // Asked of the run, which has the lock: since the look before, another process may have done all of it.
            if (closeOpenRun)
            {
                await CloseAsync(run, log).ConfigureAwait(false);
            }

            if (!run.IsRunning && run.HasLeft)
            {
                return new LeftResults(run, time);
            }
        }
        catch
        {
            run.Dispose();
            throw;
        }

        run.Dispose();
        return null;
    }

    private static async Task CloseAsync(Run run, ServerLog log)
    {
        using var mail = new Mailbox(run, [run.Folder.MailDirectory], LocalCoordinator.Instance, log);
        await mail.PollAsync().ConfigureAwait(false);
        if (run.IsRunning)
        {
            await run.FinishAsync(interrupted: true, CancellationToken.None).ConfigureAwait(false);
            await mail.PollAsync().ConfigureAwait(false);
        }

        mail.Stored.Remove();
    }

    /// <param name="settings">From <see cref="SettingsFor"/>.</param>
    /// <returns>The report afterwards, and whether nothing is left.</returns>
    public async Task<(Report Report, bool IsDone)> SendAsync(RunSettings settings, string token, CancellationToken deadline)
    {
        bool isDone = await _run.ResendAsync((left, log) => Resend.RunAsync(settings, token, left, log, _time, deadline)).ConfigureAwait(false);
        return (_run.Describe(), isDone);
    }

    public string ReportPath => _run.Folder.ReportPath;

    public string TestRunId => _run.TestRunId;

    public void Dispose() => _run.Dispose();
}

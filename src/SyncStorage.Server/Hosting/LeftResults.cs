using System;
using System.Threading;
using System.Threading.Tasks;
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

    /// <summary>Where what is left belongs, and how to get there.</summary>
    /// <param name="confirmedUrl">Test IT's address in the words of whoever sends it, if any.</param>
    /// <returns>Null when only a client has named the address: a token of ours goes where a user or a setting says.</returns>
    public RunSettings? SettingsFor(string? confirmedUrl)
    {
        string? url = _run.Settings.Publish ? _run.Settings.Url : _run.NamedAddress ?? _run.Settings.Url ?? confirmedUrl;
        bool isConfirmed = url is not null && (IsSame(url, _run.Settings.Url) || IsSame(url, confirmedUrl));
        return isConfirmed ? _run.Settings with { Url = SettingsReader.CutPasted(url!) } : null;
    }

    /// <summary>Tms.config.json of the run, if it had one.</summary>
    public string? ConfigFile => _run.Settings.ConfigFile;

    /// <summary>Test IT's address as a client named it; null when a setting does or nobody.</summary>
    public string? NamedAddress => _run.NamedAddress;

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
            if (run.IsRunning && closeOpenRun)
            {
                await run.FinishAsync(interrupted: true, CancellationToken.None).ConfigureAwait(false);
            }

            if (!run.IsRunning)
            {
                run.TakeSpooled(take: closeOpenRun);
                if (run.HasLeft)
                {
                    return new LeftResults(run, time);
                }
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

    /// <returns>The report afterwards, and whether nothing is left.</returns>
    public async Task<(Report Report, bool IsDone)> SendAsync(RunSettings settings, string token, CancellationToken deadline)
    {
        bool isDone = await _run.ResendAsync((left, log) => Resend.RunAsync(settings, token, left, log, _time, deadline)).ConfigureAwait(false);
        return (_run.Describe(), isDone);
    }

    public string ReportPath => _run.Folder.ReportPath;

    public string TestRunId => _run.TestRunId;

    public void Dispose() => _run.Dispose();

    private static bool IsSame(string url, string? other)
        => other is not null && string.Equals(SettingsReader.CutPasted(url), SettingsReader.CutPasted(other), StringComparison.OrdinalIgnoreCase);
}

using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Server.TestIt;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>--resend: sends what earlier runs had to leave in SyncStorageDirectory, each result once.</summary>
internal sealed class ResendCommand(ServerOptions options, TimeProvider time) : IDisposable
{
    private readonly ServerLog _log = new(time);

    /// <returns>0 when nothing is left.</returns>
    public async Task<int> RunAsync()
    {
        bool allSent = true;
        if (Directory.Exists(options.Directory))
        {
            foreach (string path in Directory.EnumerateDirectories(options.Directory))
            {
                allSent &= await ResendAsync(RunFolder.At(path)).ConfigureAwait(false);
            }
        }

        return allSent ? 0 : 1;
    }

    public void Dispose() => _log.Dispose();

    private async Task<bool> ResendAsync(RunFolder folder)
    {
        try
        {
            if (LeftRun.In(folder) is not { } left)
            {
                return true;
            }

            var host = new RunHost
            {
                Clock = new Clock(time),
                Log = _log,
                Processes = new OperatingSystemProcesses(),
                Directory = options.Directory,
                SettingsOf = id => new RunSettings { TestRunId = id },
                CreatePublisher = (_, _, _) => new NoPublisher(),
            };
            using var run = new Run(left.TestRunId, folder, host, adopt: false);
            if (!left.IsClosed)
            {
                // Its server is dead, or the folder could not be opened.
                await run.FinishAsync(interrupted: true, CancellationToken.None).ConfigureAwait(false);
            }

            return !run.Settings.Publish || await ResendAsync(run).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Output.WriteError($"warning SYNC0015: {folder.Path} is left as it is: {e.Message}");
            return false;
        }
    }

    private async Task<bool> ResendAsync(Run run)
    {
        run.TakeSpooled();
        long before = run.Describe().Results.Spooled;
        if (before == 0)
        {
            return true;
        }

        if (PrivateTokenSource.Read(run.Settings.ConfigFile) is not { } token)
        {
            Output.WriteError($"warning SYNC0015: {before} results of run {run.TestRunId} stay spooled: there is no private token (TMS_PRIVATE_TOKEN).");
            return false;
        }

        using var deadline = new CancellationTokenSource(options.CompletionTimeout, time);
        bool done = await run.ResendAsync((left, log) => Resend.RunAsync(run.Settings, token, left, log, time, deadline.Token)).ConfigureAwait(false);
        Report report = run.Describe();
        string counts = $"run {report.TestRunId}: {before} results were spooled; {before - report.Results.Spooled} sent again or rejected, {report.Results.Spooled} still spooled; {run.Folder.ReportPath}";
        if (done)
        {
            Output.WriteLine($"Sync Storage: {counts}");
        }
        else
        {
            Output.WriteError($"warning SYNC0015: {counts}");
        }

        return done;
    }
}

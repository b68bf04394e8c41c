using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>--resend: sends what earlier runs had to leave in SyncStorageDirectory, each result once.</summary>
internal sealed class ResendCommand(ServerOptions options, TimeProvider time) : IDisposable
{
    private readonly ServerLog _log = new(time);
    private readonly ResendDestination _destination = ResendDestination.Read(options.BaseUrl, Directory.GetCurrentDirectory());

    /// <returns>0 when nothing is left.</returns>
    public async Task<int> RunAsync()
    {
        if (!Directory.Exists(options.Directory))
        {
            Output.WriteError($"error: there is no directory '{options.Directory}' (SyncStorageDirectory, --directory), so nothing can be sent from it.");
            return 1;
        }

        bool allSent = true;
        foreach (string path in Directory.EnumerateDirectories(options.Directory))
        {
            allSent &= await ResendAsync(RunFolder.At(path)).ConfigureAwait(false);
        }

        return allSent ? 0 : 1;
    }

    public void Dispose() => _log.Dispose();

    private async Task<bool> ResendAsync(RunFolder folder)
    {
        try
        {
            using LeftResults? left = await LeftResults.OpenAsync(options.Directory, folder, closeOpenRun: true, _log, time).ConfigureAwait(false);
            return left is null || await ResendAsync(left).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Output.WriteWarning(Diagnostics.LeftAsItIs(folder.Path, e.Message));
            return false;
        }
    }

    private async Task<bool> ResendAsync(LeftResults left)
    {
        if (left.SettingsFor(_destination) is not { } settings)
        {
            Output.WriteWarning(Diagnostics.LeftAsItIs($"{left.What} of run {left.TestRunId}", $"{_destination.WhyNot(left.Address)}; {left.ReportPath}"));
            return false;
        }

        if ((options.PrivateToken ?? PrivateTokenSource.Read(_destination.ConfigFile)) is not { } token)
        {
            Output.WriteWarning(Diagnostics.LeftAsItIs($"{left.What} of run {left.TestRunId}", "there is no private token (TMS_PRIVATE_TOKEN)."));
            return false;
        }

        using var deadline = new CancellationTokenSource(options.CompletionTimeout, time);
        (Report report, bool isDone) = await left.SendAsync(settings, token, deadline.Token).ConfigureAwait(false);
        string counts = left.Count == 0
            ? $"run {report.TestRunId}: {left.What} is {(isDone ? "in Test IT now" : "not in Test IT yet")}; {left.ReportPath}"
            : $"run {report.TestRunId}: {left.Count} results were spooled; {left.Count - report.Results.Spooled} sent again or rejected, {report.Results.Spooled} still spooled; {left.ReportPath}";
        if (isDone)
        {
            Output.WriteLine($"Sync Storage: {counts}");
        }
        else
        {
            Output.WriteWarning(Diagnostics.StillLeft(counts));
            foreach (Diagnostic notice in report.Notices)
            {
                Output.WriteError("  " + notice);
            }
        }

        return isDone;
    }
}

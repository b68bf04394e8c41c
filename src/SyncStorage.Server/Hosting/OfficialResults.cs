using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Server.TestIt;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Final status for the held result of an official client, which wrote it to Test IT itself and left only the cut here.
/// </summary>
/// <param name="baseUrl">--baseURL; what a client gave when it registered wins, since a server may outlive the job that started it.</param>
/// <param name="privateToken">--privateToken or TMS_PRIVATE_TOKEN.</param>
/// <param name="timing">Of the traffic with Test IT.</param>
/// <param name="time">For deadlines.</param>
internal sealed class OfficialResults(string? baseUrl, string? privateToken, TestItTiming timing, TimeProvider time)
{
    /// <inheritdoc cref="RunHost.FinalizeOfficial"/>
    public async Task<bool> FinalizeAsync(RunSettings settings, RegisteredAddress? registered, TestResultCut cut, IDeliveryLog log, CancellationToken deadline)
    {
        string matter = HeldResultFinalizer.Matter(settings.TestRunId, cut.AutoTestExternalId);
        if (AddressOf(settings, registered) is not (string url, string token))
        {
            if (baseUrl is null && registered?.BaseUrl is null)
            {
                // Local mode: there is no Test IT that could show the result as in progress.
                log.Notice(Diagnostic.Detail($"No address and token of Test IT: the held-back result of run {settings.TestRunId} is final in the report only."));
                return true;
            }

            log.Notice(Diagnostics.NeedsToken(matter));
            return false;
        }

        RunSettings address = settings with { Url = SettingsReader.CutPasted(url) };
        using var client = TestItClient.For(address, token, timing, time);
        var finalizer = new HeldResultFinalizer(client, address, null, log.Notice);
        var persistence = new Persistence(client, address, new OutageGate(address.Url!, timing, time, OnlyCoded), time, log);
        return await persistence.RunAsync(matter, stop => finalizer.FinalizeAsync(settings.TestRunId, cut, stop), deadline).ConfigureAwait(false);

        // A Test IT that is away for a night would fill the log with its ups and downs.
        void OnlyCoded(Diagnostic notice)
        {
            if (notice.Code is not null)
            {
                log.Notice(notice);
            }
        }
    }

    /// <summary>A client may bring its own address and token, but never gets ours sent to an address of its choice.</summary>
    private (string Url, string Token)? AddressOf(RunSettings settings, RegisteredAddress? registered)
    {
        if (settings is { Publish: true, Url: not null } && PrivateTokenSource.Read(settings.ConfigFile) is { } own)
        {
            return (settings.Url, own);
        }

        string? url = registered?.BaseUrl ?? baseUrl;
        bool isOurs = url is not null && baseUrl is not null && string.Equals(SettingsReader.CutPasted(url), SettingsReader.CutPasted(baseUrl), StringComparison.OrdinalIgnoreCase);
        string? token = registered?.PrivateToken ?? (isOurs ? privateToken : null);
        return string.IsNullOrEmpty(url) || string.IsNullOrEmpty(token) ? null : (url, token);
    }
}

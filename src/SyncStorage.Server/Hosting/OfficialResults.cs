using System;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Server.TestIt;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Final status for the held result of an official client, which wrote it to Test IT itself and left only the cut here.
/// </summary>
/// <param name="baseUrl">--baseURL; what a client gave when it registered wins, since a server may outlive the job that started it.</param>
/// <param name="privateToken">--privateToken or TMS_PRIVATE_TOKEN.</param>
/// <param name="log">For what went wrong.</param>
/// <param name="time">For deadlines.</param>
internal sealed class OfficialResults(string? baseUrl, string? privateToken, ServerLog log, TimeProvider time)
{
    public Task<bool> FinalizeAsync(RunSettings settings, RegisteredAddress? registered, TestResultCut cut, CancellationToken deadline)
    {
        if (AddressOf(settings, registered) is not (string url, string token))
        {
            // Local mode: there is no Test IT that could show the result as in progress. Unless somebody named one and kept the token.
            bool isLocal = registered?.BaseUrl is null;
            log.Write(isLocal
                ? $"No address and token of Test IT: the held-back result of run {settings.TestRunId} is final in the report only."
                : $"No token for Test IT at {registered!.BaseUrl}: the held-back result of run {settings.TestRunId} is not final there.");
            return Task.FromResult(isLocal);
        }

        return FinalizeAsync(Clean(url), token, settings.TestRunId, cut, deadline);
    }

    /// <summary>A client may bring its own address and token, but never gets ours sent to an address of its choice.</summary>
    private (string Url, string Token)? AddressOf(RunSettings settings, RegisteredAddress? registered)
    {
        if (settings is { Publish: true, Url: not null } && PrivateTokenSource.Read(settings.ConfigFile) is { } own)
        {
            return (settings.Url, own);
        }

        string? url = registered?.BaseUrl ?? baseUrl;
        bool isOurs = url is not null && baseUrl is not null && string.Equals(Clean(url), Clean(baseUrl), StringComparison.OrdinalIgnoreCase);
        string? token = registered?.PrivateToken ?? (isOurs ? privateToken : null);
        return string.IsNullOrEmpty(url) || string.IsNullOrEmpty(token) ? null : (url, token);
    }

    /// <summary>As users paste it from a browser or another adapter.</summary>
    private static string Clean(string url)
    {
        string clean = url.TrimEnd('/');
        string? suffix = Array.Find(["/api/v2", "/api", "/adapters"], suffix => clean.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));
        return suffix is null ? clean : clean[..^suffix.Length].TrimEnd('/');
    }

    private async Task<bool> FinalizeAsync(string url, string token, string testRunId, TestResultCut cut, CancellationToken deadline)
    {
        using var finalizer = new HeldResultFinalizer(url, token, time, (code, message) => log.Write(code is null ? message : $"{code}: {message}"));
        return await finalizer.FinalizeAsync(testRunId, cut, deadline).ConfigureAwait(false);
    }
}

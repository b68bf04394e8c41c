using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>
/// Gives the held-back result its final status when somebody else posted it: an official adapter, or nobody. Looks for the rows with
/// exactly the cut's external id, of which <see cref="HeldRow"/> is the one to update, and creates a row only when there is none.
/// </summary>
internal sealed class HeldResultFinalizer : IDisposable
{
    private readonly TestItClient _client;
    private readonly bool _ownsClient;
    private readonly RunSettings _settings;
    private readonly Action<string?, string> _notice;
    private StatusCodes? _codes;

    /// <summary>For the stand-alone server, which knows an address and a token only.</summary>
    public HeldResultFinalizer(string baseUrl, string token, TimeProvider time, Action<string?, string>? notice = null, bool certValidation = true)
        : this(baseUrl, token, time, new TestItTiming(), notice, certValidation)
    {
    }

    internal HeldResultFinalizer(string baseUrl, string token, TimeProvider time, TestItTiming timing, Action<string?, string>? notice, bool certValidation = true)
    {
        _client = new TestItClient(baseUrl, token, certValidation, timing, time);
        _ownsClient = true;
        _settings = new RunSettings { Url = baseUrl };
        _notice = notice ?? ((_, _) => { });
    }

    internal HeldResultFinalizer(TestItClient client, RunSettings settings, StatusCodes codes, Action<string?, string> notice)
    {
        _client = client;
        _settings = settings;
        _codes = codes;
        _notice = notice;
    }

    /// <returns>True when the result is final in Test IT. Never throws but when cancelled.</returns>
    public async Task<bool> FinalizeAsync(string testRunId, TestResultCut cut, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(cut.AutoTestExternalId))
        {
            return false;
        }

        try
        {
            string? projectId = await OpenAsync(testRunId, cut, cancellation).ConfigureAwait(false);
            SentStatus status = _codes!.Of(cut.StatusType, cut.StatusCode);
            var search = new HeldRowSearch(_client, _notice);
            if (await search.FindAsync(testRunId, projectId, cut, cancellation).ConfigureAwait(false) is not { } row)
            {
                return await CreateAsync(testRunId, projectId, cut, status, cancellation).ConfigureAwait(false);
            }

            var update = new ResultUpdateModel { StatusType = status.Type, StatusCode = status.Code };
            return row.Id is null ? row.IsFinal
                : await PutAndVerifyAsync(_client, _settings, testRunId, row.Id, update, _notice, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.Error == TestItError.TokenRefused)
        {
            _notice("SYNC0011", $"Test IT at {_settings.Url} refused the private token (TMS_PRIVATE_TOKEN, --privateToken): {e.Reason}");
            return false;
        }
        catch (TestItException e)
        {
            _notice(e.IsTransient ? "SYNC0010" : "SYNC0012", $"The held-back result '{cut.AutoTestExternalId}' of test run {testRunId} could not be finalized: {e.Message}");
            return false;
        }
    }

    public void Dispose()
    {
        if (_ownsClient)
        {
            _client.Dispose();
        }
    }

    /// <summary>Updates the row and looks whether it took the status.</summary>
    internal static async Task<bool> PutAndVerifyAsync(
        TestItClient client, RunSettings settings, string testRunId, string rowId, ResultUpdateModel update, Action<string?, string> notice, CancellationToken cancellation)
    {
        try
        {
            await client.UpdateResultAsync(rowId, update, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.Error is TestItError.Invalid or TestItError.Conflict or TestItError.NotFound)
        {
            notice("SYNC0014", $"Test IT at {settings.Url} did not take the final status of the held-back result {rowId}: {e.Message}");
            return false;
        }

        var filter = new ResultFilterModel { TestRunIds = [testRunId], StatusTypes = InProgressOnly };
        List<ResultHit> left = await client.SearchResultsAsync(filter, cancellation).ConfigureAwait(false);
        if (left.All(hit => hit.Id != rowId))
        {
            return true;
        }

        notice("SYNC0014", $"The held-back result {rowId} of test run {testRunId} is still InProgress although Test IT took its final status.");
        return false;
    }

    private static readonly IReadOnlyList<string> InProgressOnly = ["InProgress"];

    /// <returns>The project, where it can be found.</returns>
    private async Task<string?> OpenAsync(string testRunId, TestResultCut cut, CancellationToken cancellation)
    {
        string? projectId = Guid.TryParse(cut.ProjectId, out Guid given) ? given.ToString("D") : _settings.ProjectId;
        if (_codes is not null)
        {
            return projectId;
        }

        if (projectId is null)
        {
            projectId = (await _client.OpenRunAsync(testRunId, cancellation).ConfigureAwait(false)).ProjectId;
        }

        try
        {
            _codes = projectId is null ? new StatusCodes([])
                : await StatusCodes.ReadAsync(_client, await _client.OpenProjectAsync(projectId, cancellation).ConfigureAwait(false), _notice, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.Error is TestItError.NotFound or TestItError.Invalid)
        {
            _notice(null, $"The project of the held-back result cannot be read, so it gets no status code: {e.Message}");
            _codes = new StatusCodes([]);
        }

        return projectId;
    }

    private async Task<bool> CreateAsync(string testRunId, string? projectId, TestResultCut cut, SentStatus status, CancellationToken cancellation)
    {
        string? configurationId = _settings.ConfigurationId ?? await FindConfigurationAsync(testRunId, projectId, cancellation).ConfigureAwait(false);
        if (configurationId is null)
        {
            _notice("SYNC0012", $"There is no row of '{cut.AutoTestExternalId}' in test run {testRunId} and no configuration to create one with; the held-back result is missing.");
            return false;
        }

        DateTime started = DateTimeOffset.TryParse(cut.StartedOn, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time.UtcDateTime : DateTime.UtcNow;
        var result = new ResultModel
        {
            ConfigurationId = configurationId,
            AutoTestExternalId = cut.AutoTestExternalId!,
            StatusType = status.Type,
            StatusCode = status.Code,
            StartedOn = started,
            CompletedOn = started,
            Duration = 0,
        };
        await _client.PostResultsAsync(testRunId, [result], cancellation).ConfigureAwait(false);
        return true;
    }

    private async Task<string?> FindConfigurationAsync(string testRunId, string? projectId, CancellationToken cancellation)
    {
        List<ResultHit> others = await _client.SearchResultsAsync(new ResultFilterModel { TestRunIds = [testRunId] }, cancellation).ConfigureAwait(false);
        if (others.Select(hit => hit.ConfigurationId).OfType<string>().Distinct().ToList() is [var only])
        {
            return only;
        }

        if (projectId is null)
        {
            return null;
        }

        List<ConfigurationDetails> known = await _client.SearchConfigurationsAsync(projectId, cancellation).ConfigureAwait(false);
        return (known.FirstOrDefault(one => one.IsDefault == true) ?? known.FirstOrDefault())?.Id;
    }
}

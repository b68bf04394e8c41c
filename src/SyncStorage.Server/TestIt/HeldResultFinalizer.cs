using System.Globalization;
using SyncStorage.Protocol;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>
/// Gives the held-back result its final status when somebody else posted it: an official adapter, or nobody. Looks for the rows with
/// exactly the cut's external id, of which <see cref="HeldRow"/> is the one to update, and creates a row only when there is none.
/// </summary>
/// <param name="client">Makes the requests.</param>
/// <param name="settings">What is known of project and configuration; the cut and the run tell the rest.</param>
/// <param name="codes">Of the project, where they are known already.</param>
/// <param name="notice">For what Test IT does not take.</param>
internal sealed class HeldResultFinalizer(TestItClient client, RunSettings settings, StatusCodes? codes, Action<Diagnostic> notice)
{
    private StatusCodes? _codes = codes;

    /// <summary>What the user reads of it.</summary>
    public static string Matter(string testRunId, string? externalId) => $"The final status of the held-back result '{externalId}' of test run {testRunId}";

    /// <returns>True when the result is final in Test IT; false when Test IT does not take it, which has been told.</returns>
    /// <exception cref="TestItException">Test IT did not answer, or refused the token.</exception>
    /// <exception cref="RunUnusableException">Test IT does not know the run.</exception>
    public async Task<bool> FinalizeAsync(string testRunId, TestResultCut cut, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(cut.AutoTestExternalId))
        {
            notice(Diagnostics.HeldResultIsNameless(testRunId));
            return false;
        }

        try
        {
            string? projectId = await OpenAsync(testRunId, cut, cancellation).ConfigureAwait(false);
            SentStatus status = _codes!.Of(cut.StatusType, cut.StatusCode);
            var search = new HeldRowSearch(client, notice);
            if (await search.FindAsync(testRunId, projectId, cut, cancellation).ConfigureAwait(false) is not { } row)
            {
                return await CreateAsync(testRunId, projectId, cut, status, cancellation).ConfigureAwait(false);
            }

            var update = new ResultUpdateModel { StatusType = status.Type, StatusCode = status.Code };
            return row.Id is null ? row.IsFinal
                : await PutAndVerifyAsync(client, settings, testRunId, row.Id, update, notice, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.Error is TestItError.Invalid or TestItError.Conflict or TestItError.NotFound)
        {
            await ThrowIfUnknownAsync(testRunId, cancellation).ConfigureAwait(false);
            notice(Diagnostics.HeldResultNotFinalized(cut.AutoTestExternalId, testRunId, e.Message));
            return false;
        }
    }

    /// <summary>Updates the row and looks whether it took the status.</summary>
    internal static async Task<bool> PutAndVerifyAsync(
        TestItClient client, RunSettings settings, string testRunId, string rowId, ResultUpdateModel update, Action<Diagnostic> notice, CancellationToken cancellation)
    {
        try
        {
            await client.UpdateResultAsync(rowId, update, final: true, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.Error is TestItError.Invalid or TestItError.Conflict or TestItError.NotFound)
        {
            notice(Diagnostics.FinalStatusRejected(settings.Url, rowId, e.Message));
            return false;
        }

        return await IsFinalAsync(client, testRunId, rowId, cancellation).ConfigureAwait(false)
            ? true
            : throw new TestItException(TestItError.Unreachable, $"The held-back result {rowId} of test run {testRunId} is still InProgress although Test IT took its final status.");
    }

    internal static async Task<bool> IsFinalAsync(TestItClient client, string testRunId, string rowId, CancellationToken cancellation)
    {
        var filter = new ResultFilterModel { TestRunIds = [testRunId], StatusTypes = InProgressOnly };
        return (await client.SearchResultsAsync(filter, cancellation).ConfigureAwait(false)).All(hit => hit.Id != rowId);
    }

    private static readonly IReadOnlyList<string> InProgressOnly = ["InProgress"];

    /// <returns>The project, where it can be found.</returns>
    private async Task<string?> OpenAsync(string testRunId, TestResultCut cut, CancellationToken cancellation)
    {
        string? projectId = Guid.TryParse(cut.ProjectId, out Guid given) ? given.ToString("D") : settings.ProjectId;
        if (_codes is not null)
        {
            return projectId;
        }

        if (projectId is null)
        {
            projectId = (await client.OpenRunAsync(testRunId, cancellation).ConfigureAwait(false)).ProjectId;
        }

        try
        {
            _codes = projectId is null ? new StatusCodes([])
                : await StatusCodes.ReadAsync(client, await client.OpenProjectAsync(projectId, cancellation).ConfigureAwait(false), notice, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.Error is TestItError.NotFound or TestItError.Invalid)
        {
            notice(Diagnostic.Detail($"The project of the held-back result cannot be read, so it gets no status code: {e.Message}"));
            _codes = new StatusCodes([]);
        }

        return projectId;
    }

    private async Task ThrowIfUnknownAsync(string testRunId, CancellationToken cancellation)
    {
        try
        {
            await client.OpenRunAsync(testRunId, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.Error is TestItError.NotFound or TestItError.Invalid)
        {
            throw RunUnusableException.UnknownRun(settings, testRunId, e);
        }
    }

    private async Task<bool> CreateAsync(string testRunId, string? projectId, TestResultCut cut, SentStatus status, CancellationToken cancellation)
    {
        string? configurationId = settings.ConfigurationId ?? await FindConfigurationAsync(testRunId, projectId, cancellation).ConfigureAwait(false);
        if (configurationId is null)
        {
            notice(Diagnostics.HeldResultIsMissing(cut.AutoTestExternalId, testRunId));
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
        await client.PostResultsAsync(testRunId, [result], cancellation).ConfigureAwait(false);
        return true;
    }

    private async Task<string?> FindConfigurationAsync(string testRunId, string? projectId, CancellationToken cancellation)
    {
        List<ResultHit> others = await client.SearchResultsAsync(new ResultFilterModel { TestRunIds = [testRunId] }, cancellation).ConfigureAwait(false);
        if (others.Select(hit => hit.ConfigurationId).OfType<string>().Distinct().ToList() is [var only])
        {
            return only;
        }

        if (projectId is null)
        {
            return null;
        }

        List<ConfigurationDetails> known = await client.SearchConfigurationsAsync(projectId, cancellation).ConfigureAwait(false);
        return (known.FirstOrDefault(one => one.IsDefault == true) ?? known.FirstOrDefault())?.Id;
    }
}

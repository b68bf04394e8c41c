using SyncStorage.Protocol;
using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.TestIt;

/// <summary>Reads what <see cref="HeldRow"/> needs to know of the run.</summary>
/// <param name="client">Makes the requests.</param>
/// <param name="notice">For the user.</param>
internal sealed class HeldRowSearch(TestItClient client, Action<Diagnostic> notice)
{
    /// <returns>Null when no row of the run has the cut's external id.</returns>
    /// <exception cref="TestItException">Test IT did not answer, or refused to.</exception>
    public async Task<HeldRow?> FindAsync(string testRunId, string? projectId, TestResultCut cut, CancellationToken cancellation)
    {
        List<ResultHit> hits = await FindRowsAsync(testRunId, projectId, cut.AutoTestExternalId!, cancellation).ConfigureAwait(false);
        if (hits.Count == 0)
        {
            return null;
        }

        List<ResultHit> open = hits.FindAll(hit => HeldRow.IsOpen(hit.StatusType));
        if (open.Count == 0)
        {
            return HeldRow.Final;
        }

        HeldRow row = hits.Count == 1 ? new HeldRow(open[0].Id) : HeldRow.Choose(await ReadAsync(hits, cancellation).ConfigureAwait(false), cut);
        if (row.IsUnclear)
        {
            notice(Diagnostics.HeldRowIsUnclear(cut.AutoTestExternalId, testRunId));
        }

        return row;
    }

    /// <summary>By the autotest, or a run of thousands of results would be read whole.</summary>
    private async Task<List<ResultHit>> FindRowsAsync(string testRunId, string? projectId, string externalId, CancellationToken cancellation)
    {
        List<long> autoTests = await FindAutoTestAsync(projectId, externalId, cancellation).ConfigureAwait(false);
        List<ResultHit> hits = autoTests.Count == 0 ? [] : await SearchAsync(autoTests).ConfigureAwait(false);
        // Also when it has no row by its present id: whoever deletes an autotest and makes it anew leaves its rows with the old one.
        return hits.Count > 0 ? hits : await SearchAsync(null).ConfigureAwait(false);

        async Task<List<ResultHit>> SearchAsync(IReadOnlyList<long>? ids)
        {
            var filter = new ResultFilterModel { TestRunIds = [testRunId], AutoTestGlobalIds = ids };
            List<ResultHit> found = await client.SearchResultsAsync(filter, cancellation).ConfigureAwait(false);
            return found.Where(hit => hit.AutotestExternalId == externalId).DistinctBy(hit => hit.Id).ToList();
        }
    }

    private async Task<List<long>> FindAutoTestAsync(string? projectId, string externalId, CancellationToken cancellation)
    {
        if (projectId is null)
        {
            return [];
        }

        try
        {
            List<AutoTestDetails> tests = await client.SearchAutoTestsAsync(projectId, [externalId], details: false, strict: false, cancellation).ConfigureAwait(false);
            return tests.Where(test => test.ExternalId == externalId).Select(test => test.GlobalId).OfType<long>().ToList();
        }
        catch (TestItException e) when (e.Error is TestItError.NotFound or TestItError.Invalid)
        {
            notice(Diagnostic.Detail($"The autotest of the held-back result cannot be read, so the whole run is searched for it: {e.Message}"));
            return [];
        }
    }

    /// <summary>A hit has neither parameters nor times.</summary>
    private async Task<ResultDetails[]> ReadAsync(List<ResultHit> hits, CancellationToken cancellation)
    {
        var rows = new ResultDetails[hits.Count];
        var atOnce = new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellation };
        async ValueTask GetAsync(int i, CancellationToken stop) => rows[i] = await client.GetResultAsync(hits[i].Id, stop).ConfigureAwait(false);
        await Parallel.ForAsync(0, hits.Count, atOnce, GetAsync).ConfigureAwait(false);
        return rows;
    }
}

using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>A row that Test IT has, not necessarily from us.</summary>
internal sealed record ExistingRow(string Id, bool IsInProgress, string? StatusType, long DurationMs, bool HasTestPoint, bool HasNoParameters);

/// <summary>
/// The rows that the run has in Test IT: those that were there before us, and, after a failure that left open whether results
/// arrived, those that did.
/// </summary>
/// <param name="isOurs">Rows, by id, that are known to belong to other results of ours.</param>
internal sealed class RunRows(TestItClient client, RunSettings settings, Func<string, bool> isOurs) : IDisposable
{
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly Dictionary<string, ResultDetails> _details = [];
    private Dictionary<UInt128, List<ResultHit>> _byExternalId = [];
    private int _loaded = -1;

    public bool IsEmpty => _byExternalId.Count == 0;

    /// <param name="generation">The caller's count of unclear failures: what was loaded before the last one is stale.</param>
    public async Task LoadAsync(string runId, int generation, CancellationToken cancellation)
    {
        await _loading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_loaded >= generation)
            {
                return;
            }

            var filter = new ResultFilterModel { TestRunIds = [runId], ConfigurationIds = [settings.ConfigurationId!] };
            List<ResultHit> hits = await client.SearchResultsAsync(filter, cancellation).ConfigureAwait(false);
            _byExternalId = hits.Where(hit => hit.AutotestExternalId is not null)
                .DistinctBy(hit => hit.Id)
                .GroupBy(hit => Fingerprint.Of(hit.AutotestExternalId!))
                .ToDictionary(group => group.Key, group => group.ToList());
            _loaded = generation;
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>The row with exactly these parameters; of several the one with a test point.</summary>
    public async Task<ExistingRow?> FindAsync(string externalId, IReadOnlyDictionary<string, string> parameters, CancellationToken cancellation)
        => (await RowsAsync(externalId, cancellation).ConfigureAwait(false))
            .Where(row => SameParameters(row.Parameters, parameters))
            .OrderByDescending(row => row.HasTestPoint)
            .Select(ToExisting)
            .FirstOrDefault();

    /// <summary>
    /// A planned row for a result whose parameters no row has: the next one without parameters, which Test IT gives to any result of the autotest,
    /// else the only one there is, whatever its parameters.
    /// </summary>
    public async Task<ExistingRow?> FindPlannedAsync(string externalId, CancellationToken cancellation)
    {
        var open = (await RowsAsync(externalId, cancellation).ConfigureAwait(false)).Select(ToExisting).Where(row => row.IsInProgress).ToList();
        return open is [var only] ? only : open.OrderByDescending(row => row.HasTestPoint).FirstOrDefault(row => row.HasNoParameters);
    }

    /// <summary>Is there an InProgress row, not one of ours, that Test IT would give a final result with these parameters to?</summary>
    public async Task<bool> HasOpenAsync(string externalId, IReadOnlyDictionary<string, string> parameters, CancellationToken cancellation)
        => (await RowsAsync(externalId, cancellation).ConfigureAwait(false))
            .Any(row => ToExisting(row) is { IsInProgress: true } open && (open.HasNoParameters || SameParameters(row.Parameters, parameters)));

    /// <summary>External ids of rows that wait for a result and got none of ours.</summary>
    public IReadOnlyList<string> Unreported()
        => _byExternalId.Values.SelectMany(hits => hits).Where(hit => hit.StatusType == "InProgress" && !isOurs(hit.Id)).Select(hit => hit.AutotestExternalId!).ToList();

    public void Dispose() => _loading.Dispose();

    private async Task<List<ResultDetails>> RowsAsync(string externalId, CancellationToken cancellation)
    {
        List<ResultHit> hits;
        lock (_details)
        {
            hits = _byExternalId.TryGetValue(Fingerprint.Of(externalId), out List<ResultHit>? found) ? [.. found.Where(hit => hit.AutotestExternalId == externalId && !isOurs(hit.Id))] : [];
        }

        var rows = new List<ResultDetails>();
        foreach (ResultHit hit in hits)
        {
            ResultDetails? details;
            lock (_details)
            {
                _details.TryGetValue(hit.Id, out details);
            }

            if (details is null)
            {
                details = await client.GetResultAsync(hit.Id, cancellation).ConfigureAwait(false);
                lock (_details)
                {
                    _details[hit.Id] = details;
                }
            }

            // Parameters and test point never change; the status is the search's, which is newer.
            rows.Add(details with { Status = hit.Status ?? details.Status, Outcome = hit.Outcome ?? details.Outcome });
        }

        return rows;
    }

    private static ExistingRow ToExisting(ResultDetails row)
        => new(
            row.Id, row.StatusType is "InProgress" or "Pending", row.StatusType, row.DurationInMs ?? 0, row.HasTestPoint, row.Parameters is null or { Count: 0 });

    private static bool SameParameters(IReadOnlyDictionary<string, string>? theirs, IReadOnlyDictionary<string, string> ours)
        => (theirs?.Count ?? 0) == ours.Count && ours.All(parameter => theirs!.TryGetValue(parameter.Key, out string? value) && value == parameter.Value);
}

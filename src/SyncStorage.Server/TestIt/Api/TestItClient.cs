using System.Net.Http.Headers;
using System.Text.Json.Serialization.Metadata;
using SyncStorage.Settings;
using static SyncStorage.Server.TestIt.Api.TestItJson;

namespace SyncStorage.Server.TestIt.Api;

/// <summary>
/// The few calls of Test IT's API that are needed. Every one throws <see cref="TestItException"/> only, or is cancelled. What can
/// be repeated without harm is retried here; of what cannot, only failures that surely did nothing are.
/// </summary>
internal sealed class TestItClient : IDisposable
{
    public const int MostPerRequest = 100;
    public const long LargestFile = 50L * 1024 * 1024;

    /// <summary>Of all pages of a search: rows of a run, of which we may have to know each.</summary>
    private const int MostHits = 200_000;

    /// <summary>Characters of what is kept of them.</summary>
    private const int MostHitsSize = 25_000_000;

    private readonly TestItTransport _http;

    private TestItClient(TestItTransport http) => _http = http;

    /// <summary>The only way to a client, so that no call to Test IT can forget a setting of the connection.</summary>
    /// <param name="settings">Address of Test IT without path, and whether its certificate has to be valid.</param>
    /// <param name="token">Kept in the Authorization header only.</param>
    public static TestItClient For(RunSettings settings, string token, TestItTiming timing, TimeProvider time)
        => new(new TestItTransport(settings.Url!, token, settings.CertValidation, timing, time));

    /// <summary>Told of every request that Test IT did not answer as it should, also of those that are repeated here and may succeed then.</summary>
    public Action<TestItException>? AttemptFailed { get => _http.AttemptFailed; set => _http.AttemptFailed = value; }

    /// <summary>True when links carry hasInfo in all bodies, not only in those of results.</summary>
    private bool IsV2 => !_http.UsesAdaptersApi;

    /// <summary>One of these is the first call of all: it finds out which flavour of the API is there.</summary>
    public Task<ProjectDetails> OpenProjectAsync(string projectId, CancellationToken cancellation)
        => OpenAsync(() => GetAsync($"projects/{projectId}", Wire.ProjectDetails, cancellation));

    /// <inheritdoc cref="OpenProjectAsync"/>
    public Task<RunDetails> OpenRunAsync(string id, CancellationToken cancellation) => OpenAsync(() => GetRunAsync(id, cancellation));

    /// <summary>A 404 of the one flavour says nothing, since what is asked for may be unknown; a 404 of both does.</summary>
    private async Task<T> OpenAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (TestItException e) when (!_http.UsesAdaptersApi && IsNoSuchAddress(e))
        {
            _http.UsesAdaptersApi = true;
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (TestItException other) when (other.Error == TestItError.NotFound || IsNoSuchAddress(other))
            {
                _http.UsesAdaptersApi = false;
                throw new TestItException(e.Error, e.Message, e) { Status = e.Status, Reason = e.Reason, Unclear = e.Unclear };
            }
            catch (TestItException)
            {
                // No verdict: the next try begins with the default again.
                _http.UsesAdaptersApi = false;
                throw;
            }
        }
    }

    public Task<WorkflowDetails> GetWorkflowAsync(string id, CancellationToken cancellation)
        => GetAsync($"workflows/{id}", Wire.WorkflowDetails, cancellation);

    public Task<List<ConfigurationDetails>> SearchConfigurationsAsync(string projectId, CancellationToken cancellation)
        => SearchAsync("configurations/search", new ConfigurationFilterModel { ProjectIds = [projectId], IsDeleted = false }, Wire.ConfigurationFilterModel, Wire.ListConfigurationDetails, one => one.Id, one => one.Id?.Length ?? 0, strict: false, cancellation);

    public async Task<RunDetails> CreateRunAsync(RunCreateModel run, CancellationToken cancellation)
        => _http.Parse("POST testRuns", await PostAsync("testRuns", run with { Links = Links(run.Links) }, Wire.RunCreateModel, repeatable: false, cancellation).ConfigureAwait(false), Wire.RunDetails);

    public Task<RunDetails> GetRunAsync(string id, CancellationToken cancellation)
        => GetAsync($"testRuns/{id}", Wire.RunDetails, cancellation);

    public Task UpdateRunAsync(RunUpdateModel run, CancellationToken cancellation)
        => PutAsync("testRuns", run with { Links = Links(run.Links) }, Wire.RunUpdateModel, repeatable: true, cancellation);

    public Task StartRunAsync(string id, CancellationToken cancellation)
        => _http.SendAsync(HttpMethod.Post, $"testRuns/{id}/start", null, repeatable: true, cancellation);

    public Task CompleteRunAsync(string id, CancellationToken cancellation)
        => _http.SendAsync(HttpMethod.Post, $"testRuns/{id}/complete", null, repeatable: true, cancellation);

    /// <summary>Not idempotent: after an unclear failure look what is there before posting again.</summary>
    /// <returns>Ids of the rows in the order of the results.</returns>
    public async Task<List<string>> PostResultsAsync(string runId, IReadOnlyList<ResultModel> results, CancellationToken cancellation)
    {
        string path = $"testRuns/{runId}/{(_http.UsesAdaptersApi ? "test-results" : "testResults")}";
        var body = results.Select(result => result with { Links = result.Links?.Select(link => link with { HasInfo = link.HasInfo ?? false }).ToList() }).ToList();
        byte[] answer = await PostAsync<IReadOnlyList<ResultModel>>(path, body, Wire.IReadOnlyListResultModel, repeatable: false, cancellation).ConfigureAwait(false);
        List<string> ids = _http.Parse("POST " + path, answer, Wire.ListString);
        return ids.Count == results.Count
            ? ids
            : throw new TestItException(TestItError.Unreachable, $"POST {path} answered {ids.Count} ids for {results.Count} results.") { Unclear = true };
    }

    /// <param name="final">True when Test IT may close the run with it: then a repetition could come too late, so look before repeating.</param>
    public Task UpdateResultAsync(string id, ResultUpdateModel result, bool final, CancellationToken cancellation)
        => PutAsync($"testResults/{id}", result with { Links = Links(result.Links) }, Wire.ResultUpdateModel, repeatable: !final, cancellation);

    public Task<ResultDetails> GetResultAsync(string id, CancellationToken cancellation)
        => GetAsync($"testResults/{id}", Wire.ResultDetails, cancellation);

    /// <summary>All pages.</summary>
    public Task<List<ResultHit>> SearchResultsAsync(ResultFilterModel filter, CancellationToken cancellation) => SearchResultsAsync(filter, strict: false, cancellation);

    /// <inheritdoc cref="SearchResultsAsync(ResultFilterModel, CancellationToken)"/>
    /// <param name="strict">True: an element that is null is an error; false: it is skipped, and so is one without an id.</param>
    public async Task<List<ResultHit>> SearchResultsAsync(ResultFilterModel filter, bool strict, CancellationToken cancellation)
    {
        List<ResultHit> hits = await SearchAsync("testResults/search", filter, Wire.ResultFilterModel, Wire.ListResultHit, hit => hit.Id, hit => hit.TextLength, strict, cancellation).ConfigureAwait(false);
        hits.RemoveAll(hit => !strict && string.IsNullOrEmpty(hit.Id));
        return hits;
    }

    /// <param name="externalIds">At most 100, so that one page holds the answer.</param>
    /// <param name="strict">As in <see cref="SearchResultsAsync(ResultFilterModel, bool, CancellationToken)"/>.</param>
    public async Task<List<AutoTestDetails>> SearchAutoTestsAsync(string projectId, IReadOnlyList<string> externalIds, bool details, bool strict, CancellationToken cancellation)
    {
        var search = new AutoTestSearchModel(
            new AutoTestFilterModel { ProjectIds = [projectId], ExternalIds = externalIds, IsDeleted = false },
            new AutoTestIncludesModel { IncludeSteps = details, IncludeLinks = details, IncludeLabels = details });
        var found = new List<AutoTestDetails>();
        int page;
        do
        {
            string path = $"autoTests/search?Skip={found.Count}&Take={MostPerRequest}";
            byte[] answer = await PostAsync(path, search, Wire.AutoTestSearchModel, repeatable: true, cancellation).ConfigureAwait(false);
            List<AutoTestDetails> hits = _http.Parse("POST " + path, answer, Wire.ListAutoTestDetails, strict);
            page = hits.Count;
            found.AddRange(hits);
        }
        while (page > 0 && found.Count < externalIds.Count && page >= MostPerRequest);
        return found;
    }

    public async Task<List<AutoTestDetails>> CreateAutoTestsAsync(IReadOnlyList<AutoTestCreateModel> tests, CancellationToken cancellation)
    {
        var body = tests.Select(test => test with { Links = Links(test.Links) }).ToList();
        byte[] answer = await PostAsync<IReadOnlyList<AutoTestCreateModel>>("autoTests/bulk", body, Wire.IReadOnlyListAutoTestCreateModel, repeatable: false, cancellation).ConfigureAwait(false);
        return _http.Parse("POST autoTests/bulk", answer, Wire.ListAutoTestDetails);
    }

    public Task UpdateAutoTestsAsync(IReadOnlyList<AutoTestUpdateModel> tests, CancellationToken cancellation)
    {
        var body = tests.Select(test => test with { Links = Links(test.Links), ResetLayer = _http.UsesAdaptersApi ? false : null }).ToList();
        return PutAsync<IReadOnlyList<AutoTestUpdateModel>>("autoTests/bulk", body, Wire.IReadOnlyListAutoTestUpdateModel, repeatable: true, cancellation);
    }

    public Task<List<WorkItemModel>> GetWorkItemsAsync(string autoTestId, CancellationToken cancellation)
        => GetAsync($"autoTests/{autoTestId}/{WorkItems}", Wire.ListWorkItemModel, cancellation);

    public Task LinkWorkItemAsync(string autoTestId, string workItemId, CancellationToken cancellation)
        => PostAsync($"autoTests/{autoTestId}/{WorkItems}", new IdModel(workItemId), Wire.IdModel, repeatable: true, cancellation);

    public Task UnlinkWorkItemAsync(string autoTestId, string workItemId, CancellationToken cancellation)
        => _http.SendAsync(HttpMethod.Delete, $"autoTests/{autoTestId}/{WorkItems}?workItemId={Uri.EscapeDataString(workItemId)}", null, repeatable: true, cancellation);

    /// <param name="open">Opens the content; called once per attempt.</param>
    /// <returns>Id to refer to.</returns>
    public async Task<string> UploadAsync(string fileName, Func<Stream> open, CancellationToken cancellation)
    {
        MultipartFormDataContent Content()
        {
            var part = new StreamContent(open());
            part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            var content = new MultipartFormDataContent();
            content.Add(part, "file", fileName);
            return content;
        }

        // Uploading twice leaves a file that nothing refers to, which is better than a result without its file.
        byte[] answer = await _http.SendAsync(HttpMethod.Post, "attachments", Content, repeatable: true, cancellation).ConfigureAwait(false);
        return _http.Parse("POST attachments", answer, Wire.IdModel).Id;
    }

    public void Dispose() => _http.Dispose();

    private string WorkItems => _http.UsesAdaptersApi ? "work-items" : "workItems";

    /// <summary>A server without this flavour answers 404, or, as a web application does, its start page.</summary>
    private static bool IsNoSuchAddress(TestItException e)
        => e.Error == TestItError.NotFound || e is { Error: TestItError.Unreachable, Status: 200 } || e.Status is 405;

    private List<LinkModel>? Links(IReadOnlyList<LinkModel>? links)
        => links?.Select(link => link with { HasInfo = IsV2 ? link.HasInfo ?? false : null }).ToList();

    private Task<byte[]> PostAsync<T>(string path, T body, JsonTypeInfo<T> type, bool repeatable, CancellationToken cancellation)
        => _http.SendAsync(HttpMethod.Post, path, TestItTransport.Json(body, type), repeatable, cancellation);

    private Task<byte[]> PutAsync<T>(string path, T body, JsonTypeInfo<T> type, bool repeatable, CancellationToken cancellation)
        => _http.SendAsync(HttpMethod.Put, path, TestItTransport.Json(body, type), repeatable, cancellation);

    private async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellation)
        => _http.Parse("GET " + path, await _http.SendAsync(HttpMethod.Get, path, null, repeatable: true, cancellation).ConfigureAwait(false), type);

    private async Task<List<THit>> SearchAsync<TFilter, THit>(
        string path, TFilter filter, JsonTypeInfo<TFilter> filterType, JsonTypeInfo<List<THit>> hitsType, Func<THit, string?> idOf, Func<THit, int> sizeOf, bool strict, CancellationToken cancellation)
    {
        var found = new List<THit>();
        var pages = new HashSet<string?>();
        long size = 0;
        while (true)
        {
            string page = $"{path}?Skip={found.Count}&Take={MostPerRequest}";
            byte[] answer = await PostAsync(page, filter, filterType, repeatable: true, cancellation).ConfigureAwait(false);
            List<THit> hits = _http.Parse("POST " + page, answer, hitsType, strict);
            found.AddRange(hits);
            size += hits.Sum(hit => (long)sizeOf(hit));
            if (found.Count > MostHits || size > MostHitsSize)
            {
                throw TestItTransport.OverBounds("POST " + path, $"it has more than {MostHits} elements, or {MostHitsSize} characters");
            }

            if (hits.Count > 0 && !pages.Add(idOf(hits[0])))
            {
                // Taken for the end, it could be a plan of which most is missing.
                throw TestItTransport.OverBounds("POST " + path, "the same page comes again and again");
            }

            // A server may give less per page than we ask for, so only an empty page is the end.
            if (hits.Count == 0)
            {
                return found;
            }
        }
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>One worker of an official adapter: its calls to Sync Storage and to Test IT, one method each.</summary>
internal sealed class OfficialAdapter(string service, TestItServer testIt, string token, TestRun run, string pid) : IDisposable
{
    private static readonly DateTimeOffset Started = new(2026, 1, 1, 10, 0, 0, TimeSpan.Zero);
    private readonly HttpClient _http = new();

    public string UserAgent { get; init; } = "OpenAPI-Generator/1.0.0/python";

    /// <returns>True when the worker is the master.</returns>
    public async Task<bool> RegisterAsync()
        => (await PostAsync("/register", $$"""{"pid":"{{pid}}","testRunId":"{{run.Id}}","baseUrl":"{{testIt.Url}}","privateToken":"{{token}}"}""")).GetProperty("is_master").GetBoolean();

    public Task SetStatusAsync(string status) => PostAsync("/set_worker_status", $$"""{"pid":"{{pid}}","status":"{{status}}","testRunId":"{{run.Id}}"}""");

    public Task PingAsync() => PostAsync("/keep_alive", $$"""{"pid":"{{pid}}","testRunId":"{{run.Id}}"}""");

    /// <summary>Sends the cut and writes the row in progress.</summary>
    public async Task HoldBackAsync(string externalId, string statusType, string parameter)
    {
        string cut = $$"""{"projectId":"{{new TestItOptions().ProjectId}}","autoTestExternalId":"{{externalId}}","statusCode":"{{Code(statusType)}}","statusType":"{{statusType}}","startedOn":"{{Start(parameter)}}"}""";
        await PostAsync("/in_progress_test_result?testRunId=" + run.Id, cut);
        await UploadAsync(externalId, "InProgress", parameter);
    }

    /// <exception cref="HttpRequestException">Test IT does not take it: the run is over.</exception>
    public async Task UploadAsync(string externalId, string statusType, string parameter)
    {
        string body = $$"""[{"configurationId":"{{new TestItOptions().ConfigurationId}}","autoTestExternalId":"{{externalId}}","statusType":"{{statusType}}","startedOn":"{{Start(parameter)}}","completedOn":"{{Start(parameter)}}","duration":0,"parameters":{"n":"{{parameter}}"} }]""";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{testIt.Url}/api/v2/testRuns/{run.Id}/testResults") { Content = Json(body) };
        request.Headers.TryAddWithoutValidation("Authorization", "PrivateToken " + token);
        using HttpResponseMessage answer = await _http.SendAsync(request);
        Assert.IsTrue(answer.IsSuccessStatusCode, $"{pid}, {externalId} {parameter}: {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>Asks Sync Storage; null when it does not answer in time.</summary>
    public async Task<JsonElement?> GetAsync(string path, TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            return await SendAsync(new HttpRequestMessage(HttpMethod.Get, service + path), deadline.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    private Task<JsonElement> PostAsync(string path, string body) => SendAsync(new HttpRequestMessage(HttpMethod.Post, service + path) { Content = Json(body) }, CancellationToken.None);

    private async Task<JsonElement> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using (request)
        {
            request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
            using HttpResponseMessage answer = await _http.SendAsync(request, cancellation);
            Assert.AreEqual(200, (int)answer.StatusCode, $"{request.RequestUri}");
            return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation)).RootElement.Clone();
        }
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static string Code(string statusType) => statusType == "Succeeded" ? "passed" : "failed";

    private static string Start(string parameter)
        => Started.AddSeconds(parameter.Sum(letter => letter)).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Flurl;
using Flurl.Http;
using SyncStorage.Results;

namespace SyncStorage.Protocol;

/// <summary>A call to Sync Storage failed. The text names the route and the cause, never a body.</summary>
internal sealed class SyncStorageClientException : Exception
{
    public SyncStorageClientException(string message, int? status, Exception? cause)
        : base(message, cause) => Status = status;

    /// <summary>HTTP status of the answer; null when there was none.</summary>
    public int? Status { get; }
}

/// <summary>The protocol over HTTP, official routes and ours. Every call throws <see cref="SyncStorageClientException"/> only, or is cancelled.</summary>
internal sealed class SyncStorageClient : IDisposable
{
    // The calls carry their own deadlines; this one only bounds a caller that gave none.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    // A few hundred bytes are usual; whoever else listens there may send for ever.
    private const int LongestAnswer = 1024 * 1024;

    private readonly FlurlClient _http;
    private readonly string? _secret;

    /// <param name="url">Such as http://localhost:49152.</param>
    /// <param name="secret">Secret of the session for our own routes, or null.</param>
    public SyncStorageClient(string url, string? secret = null)
    {
        Url = url.TrimEnd('/');
        _secret = secret;
        // No redirects: the secret would go along to wherever they lead. No proxy: the service is on this machine or named by the user, and the
        // default one costs a lookup at the first call.
        var handler = new HttpClientHandler { UseProxy = false, AllowAutoRedirect = false };
        _http = new FlurlClient(new HttpClient(handler) { BaseAddress = new Uri(Url), MaxResponseContentBufferSize = LongestAnswer });
        _http.WithTimeout(Longest);
    }

    public string Url { get; }

    public Task<HealthResponse> HealthAsync(CancellationToken cancellation)
        => GetAsync(Routes.Health, null, WireJson.Default.HealthResponse, cancellation);

    public Task<RegisterResponse> RegisterAsync(RegisterRequest request, CancellationToken cancellation)
        => PostAsync(Routes.Register, null, request, WireJsonOut.Default.RegisterRequest, WireJson.Default.RegisterResponse, cancellation);

    public Task SetWorkerStatusAsync(WorkerStatusRequest request, CancellationToken cancellation)
        => PostAsync(Routes.SetWorkerStatus, null, request, WireJsonOut.Default.WorkerStatusRequest, WireJson.Default.StatusResponse, cancellation);

    public Task<StatusResponse> SendInProgressAsync(string testRunId, TestResultCut cut, CancellationToken cancellation)
        => PostAsync(Routes.InProgressTestResult, testRunId, cut, WireJsonOut.Default.TestResultCut, WireJson.Default.StatusResponse, cancellation);

    public async Task<bool> IsPublishedAsync(string testRunId, CancellationToken cancellation)
        => (await GetAsync(Routes.InProgressPublished, testRunId, WireJson.Default.PublishedResponse, cancellation).ConfigureAwait(false)).Published;

    public Task<CompletionResponse> WaitCompletionAsync(string testRunId, CancellationToken cancellation)
        => GetAsync(Routes.WaitCompletion, testRunId, WireJson.Default.CompletionResponse, cancellation);

    public Task<CompletionResponse> ForceCompletionAsync(string testRunId, CancellationToken cancellation)
        => GetAsync(Routes.ForceCompletion, testRunId, WireJson.Default.CompletionResponse, cancellation);

    /// <summary>What is answered does not matter: clients of the official protocol ignore it; only 404 tells that the worker is unknown.</summary>
    public Task KeepAliveAsync(KeepAliveRequest request, CancellationToken cancellation)
        => SendAsync(HttpMethod.Post, Routes.KeepAlive, null, Json(request, WireJsonOut.Default.KeepAliveRequest), cancellation);

    public Task ShutdownAsync(CancellationToken cancellation)
        => SendAsync(HttpMethod.Post, Routes.Shutdown, null, null, cancellation);

    public void Dispose()
    {
        _http.HttpClient.Dispose();
        _http.Dispose();
    }

    private async Task<TResponse> GetAsync<TResponse>(string route, string? testRunId, JsonTypeInfo<TResponse> type, CancellationToken cancellation)
        => Parse(route, await SendAsync(HttpMethod.Get, route, testRunId, null, cancellation).ConfigureAwait(false), type);

    private async Task<TResponse> PostAsync<TRequest, TResponse>(
        string route, string? testRunId, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TResponse> responseType, CancellationToken cancellation)
        => Parse(route, await SendAsync(HttpMethod.Post, route, testRunId, Json(request, requestType), cancellation).ConfigureAwait(false), responseType);

    private async Task<byte[]> SendAsync(HttpMethod method, string route, string? testRunId, HttpContent? content, CancellationToken cancellation)
    {
        try
        {
            IFlurlRequest request = _http.Request(Url + route).AllowAnyHttpStatus();
            if (testRunId is not null)
            {
                request.SetQueryParam("testRunId", testRunId);
            }

            if (_secret is not null)
            {
                request.WithHeader(Routes.SecretHeader, _secret);
            }

            using HttpResponseMessage response = await request.SendAsync(method, content, cancellation).ConfigureAwait(false);
            byte[] body = await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
            int status = (int)response.StatusCode;
            return status == 200 ? body : throw new SyncStorageClientException($"{Url}{route} answered {status}{Explain(body)}.", status, null);
        }
        catch (Exception e) when (e is not SyncStorageClientException && !cancellation.IsCancellationRequested)
        {
            throw new SyncStorageClientException($"{Url}{route}: {Innermost(e).Message}", null, e);
        }
        catch (FlurlHttpException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
    }

    private TResponse Parse<TResponse>(string route, byte[] body, JsonTypeInfo<TResponse> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new SyncStorageClientException($"{Url}{route} answered null.", 200, null);
        }
        catch (JsonException e)
        {
            throw new SyncStorageClientException($"{Url}{route} answered something that is not the protocol's JSON.", 200, e);
        }
    }

    private static string Explain(byte[] body)
    {
        try
        {
            string? message = JsonSerializer.Deserialize(body, WireJson.Default.StatusResponse)?.Message;
            return message is null ? "" : ": " + message;
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private static ByteArrayContent Json<T>(T value, JsonTypeInfo<T> type)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
        return content;
    }

    private static Exception Innermost(Exception e)
    {
        while (e.InnerException is not null)
        {
            e = e.InnerException;
        }

        return e;
    }
}

using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using SyncStorage.Protocol;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server;

/// <summary>Every route of the server. A handler converts; what is to be done is decided in <see cref="RunBook"/>.</summary>
internal sealed class Endpoints : IDisposable
{
    private readonly RequestGuard _guard;
    private readonly RequestRate _rate;
    private readonly ServerLog _log;
    private readonly Dictionary<(string Method, string Path), RequestDelegate> _routes = [];
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);

    // Large bodies are read and parsed a few at a time: their texts are the only thing here that needs memory.
    private readonly SemaphoreSlim _largeBodies = new(16);

    /// <param name="runs">The runs.</param>
    /// <param name="guard">Who may ask.</param>
    /// <param name="rate">How often.</param>
    /// <param name="health">What /health says beyond "ok".</param>
    /// <param name="shutdown">Ends the server after the answer.</param>
    /// <param name="log">For what should not happen.</param>
    public Endpoints(RunBook runs, RequestGuard guard, RequestRate rate, Func<HealthResponse> health, Action shutdown, ServerLog log)
    {
        (_guard, _rate, _log) = (guard, rate, log);

        var completion = new Completion(runs);

        // The official protocol.
        Get(Routes.Health, http => http.AnswerAsync(health(), WireJsonOut.Default.HealthResponse));
        Post(Routes.Register, async http => await http.AnswerAsync(await runs.RegisterAsync(await ReadAsync(http, WireJson.Default.RegisterRequest)), WireJsonOut.Default.RegisterResponse));
        Post(Routes.SetWorkerStatus, async http => await http.AnswerAsync(runs.SetStatus(await ReadAsync(http, WireJson.Default.WorkerStatusRequest)), WireJsonOut.Default.StatusResponse));
        Post(Routes.InProgressTestResult, async http => await http.AnswerAsync(await runs.OfferAsync(RunId(http), await ReadAsync(http, WireJson.Default.TestResultCut)), WireJsonOut.Default.StatusResponse));
        Get(Routes.InProgressPublished, http => http.AnswerAsync(runs.IsPublished(RunId(http)), WireJsonOut.Default.PublishedResponse));
        Get(Routes.WaitCompletion, async http => await http.AnswerAsync(await completion.WaitAsync(RunId(http), Caller(http), http.RequestAborted), WireJsonOut.Default.CompletionResponse));
        Get(Routes.ForceCompletion, async http => await http.AnswerAsync(await completion.ForceAsync(RunId(http), Caller(http), http.RequestAborted), WireJsonOut.Default.CompletionResponse));
        Post(Routes.KeepAlive, async http => await http.AnswerAsync(runs.KeepAlive(await ReadAsync(http, WireJson.Default.KeepAliveRequest)), WireJsonOut.Default.StatusResponse));
        Post(Routes.Shutdown, async http =>
        {
            guard.CheckSecretIfAny(http.Request);
            http.Response.OnCompleted(() => Task.Run(shutdown));
            await http.AnswerAsync(new StatusResponse { Message = "shutting down" }, WireJsonOut.Default.StatusResponse);
        });

        // Ours: for processes of the invocation.
        Get(Routes.State, http =>
        {
            guard.CheckSecretIfAny(http.Request);
            return http.AnswerAsync(runs.Describe(RunId(http)), ServerJsonOut.Default.Report);
        });
    }

    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            _rate.Count();
            _guard.Check(http.Request);
            await Find(http.Request)(http);
        }
        catch (Refusal e)
        {
            await RefuseAsync(http, e.Status, e.Message);
        }
        catch (BadHttpRequestException e)
        {
            await RefuseAsync(http, e.StatusCode, e.Message);
        }
        catch (Exception e) when (http.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The client has gone; there is nobody to answer.
        }
        catch (Exception e)
        {
            _log.Write($"{http.Request.Method} {http.Request.Path} failed: {e}");
            await RefuseAsync(http, 500, $"The server failed: {e.Message}");
        }
    }

    public void Dispose() => _largeBodies.Dispose();

    private void Get(string path, RequestDelegate handle) => Map("GET", path, handle);

    private void Post(string path, RequestDelegate handle) => Map("POST", path, handle);

    private void Map(string method, string path, RequestDelegate handle)
    {
        _routes.Add((method, path), handle);
        _paths.Add(path);
    }

    private RequestDelegate Find(HttpRequest request)
    {
        string path = request.Path.Value is { Length: > 1 } value ? value.TrimEnd('/') : "/";
        return _routes.TryGetValue((request.Method, path), out RequestDelegate? handle) ? handle
            : _paths.Contains(path) ? throw new Refusal(405, $"{path} does not take {request.Method}.")
            : throw Refusal.NotFound("There is no such route.");
    }

    /// <summary>Small bodies at once, of large ones as many at a time as the gate lets through.</summary>
    private async Task<T> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type)
        where T : class
    {
        if (http.Request.ContentLength is <= HttpExchange.SmallBody)
        {
            return await http.ReadAsync(type);
        }

        await _largeBodies.WaitAsync(http.RequestAborted);
        try
        {
            return await http.ReadAsync(type);
        }
        finally
        {
            _largeBodies.Release();
        }
    }

    private static string? RunId(HttpContext http) => http.Request.Query["testRunId"];

    /// <summary>
    /// The generated client of the JavaScript adapter says "OpenAPI-Generator/1.0.0/Javascript". And the server of an invocation lets nobody
    /// else end the run of its workers.
    /// </summary>
    private CompletionCaller Caller(HttpContext http)
    {
        string name = http.Request.Headers.UserAgent.ToString();
        bool isAdapter = name.StartsWith("OpenAPI-Generator/", StringComparison.OrdinalIgnoreCase) && name.EndsWith("/Javascript", StringComparison.OrdinalIgnoreCase);
        return isAdapter || !_guard.IsTrusted(http.Request) ? CompletionCaller.Worker : CompletionCaller.Outsider;
    }

    private static async Task RefuseAsync(HttpContext http, int status, string message)
    {
        if (!http.Response.HasStarted)
        {
            if (status == 429)
            {
                http.Response.Headers.RetryAfter = "1";
            }

            await http.AnswerAsync(new StatusResponse { Status = "error", Message = message }, WireJsonOut.Default.StatusResponse, status);
        }
    }
}

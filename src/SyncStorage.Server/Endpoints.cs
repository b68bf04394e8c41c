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
    private readonly RunBook _runs;
    private readonly RunBook? _guests;
    private readonly RequestGuard _guard;
    private readonly RequestRate _rate;
    private readonly ServerLog _log;
    private readonly Dictionary<(string Method, string Path), RequestDelegate> _routes = [];
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);

    // Large bodies are read and parsed a few at a time: their texts are the only thing here that needs memory.
    private readonly SemaphoreSlim _largeBodies = new(16);

    /// <param name="runs">The runs.</param>
    /// <param name="guests">Runs of those who do not know the secret of an embedded server; null stand-alone.</param>
    /// <param name="guard">Who may ask.</param>
    /// <param name="rate">How often.</param>
    /// <param name="health">What /health says beyond "ok".</param>
    /// <param name="shutdown">Ends the server after the answer.</param>
    /// <param name="log">For what should not happen.</param>
    public Endpoints(RunBook runs, RunBook? guests, RequestGuard guard, RequestRate rate, Func<HealthResponse> health, Action shutdown, ServerLog log)
    {
        (_runs, _guests, _guard, _rate, _log) = (runs, guests, guard, rate, log);

        Get(Routes.Health, http => http.AnswerAsync(health(), WireJsonOut.Default.HealthResponse));
        Post(Routes.Register, RegisterAsync);
        Post(Routes.SetWorkerStatus, async http =>
        {
            WorkerStatusRequest request = await ReadAsync(http, WireJson.Default.WorkerStatusRequest);
            await http.AnswerAsync(RunsFor(http, request.TestRunId)?.SetStatus(request) ?? NothingChanged, WireJsonOut.Default.StatusResponse);
        });
        Post(Routes.InProgressTestResult, async http =>
        {
            TestResultCut cut = await ReadAsync(http, WireJson.Default.TestResultCut);
            StatusResponse answer = RunsFor(http, RunId(http)) is { } open ? await open.OfferAsync(RunId(http), cut) : NothingChanged with { Held = false };
            await http.AnswerAsync(answer, WireJsonOut.Default.StatusResponse);
        });
        Get(Routes.InProgressPublished, http => http.AnswerAsync((RunsFor(http, RunId(http)) ?? runs).IsPublished(RunId(http)), WireJsonOut.Default.PublishedResponse));
        Get(Routes.WaitCompletion, async http =>
        {
            RunBook? open = RunsFor(http, RunId(http));
            CompletionCaller caller = open is null ? CompletionCaller.Worker : Caller(http);
            await http.AnswerAsync(await new Completion(open ?? runs).WaitAsync(RunId(http), caller, http.RequestAborted), WireJsonOut.Default.CompletionResponse);
        });
        Get(Routes.ForceCompletion, async http =>
            await http.AnswerAsync(await new Completion(runs).ForceAsync(RunId(http), Caller(http), http.RequestAborted), WireJsonOut.Default.CompletionResponse));
        Post(Routes.KeepAlive, async http =>
        {
            KeepAliveRequest request = await ReadAsync(http, WireJson.Default.KeepAliveRequest);
            await http.AnswerAsync(RunsFor(http, request.TestRunId)?.KeepAlive(request) ?? NothingChanged, WireJsonOut.Default.StatusResponse);
        });
        Post(Routes.Shutdown, async http =>
        {
            http.Response.OnCompleted(() => Task.Run(shutdown));
            await http.AnswerAsync(new StatusResponse { Message = "shutting down" }, WireJsonOut.Default.StatusResponse);
        });
    }

    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            _rate.Count();
            string path = http.Request.Path.Value is { Length: > 1 } value ? value.TrimEnd('/') : "/";
            _guard.Check(http, path);
            await Find(http.Request.Method, path)(http);
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

    private RequestDelegate Find(string method, string path)
        => _routes.TryGetValue((method, path), out RequestDelegate? handle) ? handle
            : _paths.Contains(path) ? throw new Refusal(405, $"{path} does not take {method}.")
            : throw Refusal.NotFound("There is no such route.");

    /// <summary>A guest in a run of our own workers hears what every later worker hears, and what he says changes nothing.</summary>
    private static StatusResponse NothingChanged => new() { Message = "the run has workers of its own; nothing was changed" };

    private async Task RegisterAsync(HttpContext http)
    {
        RegisterRequest request = await ReadAsync(http, WireJson.Default.RegisterRequest);
        RegisterResponse answer = RunsFor(http, request.TestRunId) is { } open ? await open.RegisterAsync(request)
            : new RegisterResponse { Status = NothingChanged.Status, Message = NothingChanged.Message, Pid = request.Pid, TestRunId = request.TestRunId };
        await http.AnswerAsync(answer, WireJsonOut.Default.RegisterResponse);
    }

    /// <summary>The runs in which who asks may change something; null when he means one of an invocation's own workers and is none of them.</summary>
    private RunBook? RunsFor(HttpContext http, string? testRunId)
        => _guests is null || _guard.IsTrusted(http.Request) ? _runs
            : string.IsNullOrEmpty(testRunId) ? _guests.All.Count > 0 ? _guests : null
            : _runs.IsOurs(testRunId) ? null
            : _guests;

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

    /// <summary>The generated client of the JavaScript adapter says "OpenAPI-Generator/1.0.0/Javascript".</summary>
    private static CompletionCaller Caller(HttpContext http)
    {
        string name = http.Request.Headers.UserAgent.ToString();
        bool isAdapter = name.StartsWith("OpenAPI-Generator/", StringComparison.OrdinalIgnoreCase) && name.EndsWith("/Javascript", StringComparison.OrdinalIgnoreCase);
        return isAdapter ? CompletionCaller.Worker : CompletionCaller.Outsider;
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

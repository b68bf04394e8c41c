using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace TestItStandIn;

/// <summary>
/// A Test IT that is stricter than the real one: closed schemas, run states, auto-close, real paging, and a list of
/// <see cref="Violations"/>: what a client must not do, whether it was refused or not.
/// </summary>
public sealed class TestItServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly TestItOptions _options;
    private readonly TestItState _state;
    private readonly TestItRoutes _routes;
    private readonly object _lock = new();
    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Random _random = new(4711);
    private int _concurrent;

    private TestItServer(WebApplication application, TestItOptions options)
    {
        _application = application;
        _options = options;
        _state = new TestItState(options);
        _routes = new TestItRoutes(options, _state);
        Faults.Latency = options.Latency;
    }

    public string Url { get; private set; } = "";

    public Faults Faults { get; } = new();

    public IReadOnlyList<RecordedRequest> Requests => [.. _requests];

    /// <summary>The most requests that were under way at once.</summary>
    public int MostConcurrent { get; private set; }

    public IReadOnlyList<string> Violations => Locked(() => _state.Violations.ToList());
    public IReadOnlyList<TestRun> Runs => Locked(() => _state.Runs.ToList());
    public IReadOnlyList<AutoTest> AutoTests => Locked(() => _state.AutoTests.ToList());
    public IReadOnlyList<UploadedFile> Files => Locked(() => _state.Files.ToList());

    public static async Task<TestItServer> StartAsync(TestItOptions? options = null)
    {
        options ??= new TestItOptions();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        if (options.Certificate is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenLocalhostOrAny(options.Port, options.Certificate);
            kestrel.Limits.MaxRequestBodySize = 64 * 1024 * 1024;
        });
        WebApplication application = builder.Build();
        var server = new TestItServer(application, options);
        application.Run(server.HandleAsync);
        await application.StartAsync().ConfigureAwait(false);
        server.Url = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return server;
    }

    /// <summary>Adds a run as if a user had made it before the tests.</summary>
    public TestRun AddRun(string? id = null, string state = "InProgress") => Locked(() => _state.AddRun(id, state));

    /// <summary>Adds an autotest as if an earlier run had made it.</summary>
    public AutoTest AddAutoTest(string externalId, string name, string? @namespace = null, string? className = null)
        => Locked(() => _state.CreateAutoTests(
        [
            new JsonObject { ["projectId"] = _options.ProjectId, ["externalId"] = externalId, ["name"] = name, ["namespace"] = @namespace, ["classname"] = className },
        ])[0]);

    /// <summary>Adds an InProgress row, as a test plan does for adapter mode 0.</summary>
    public ResultRow AddPlannedRow(TestRun run, string externalId, string? testPointId = null, IReadOnlyDictionary<string, string>? parameters = null)
        => Locked(() => _state.AddPlannedRow(run, externalId, testPointId, parameters));

    /// <summary>Deletes all autotests, as if a user had cleaned up.</summary>
    public void RemoveAutoTests() => Locked(() => _state.RemoveAutoTests());

    /// <summary>Violations so far, and what must hold at the end of the run.</summary>
    public IReadOnlyList<string> Check(TestRun run) => Locked(() => _state.Violations.Concat(TestItState.CheckEnd(run)).ToList());

    /// <summary>The run's rows as text, sorted: one line for each, with the autotest's name, parameters and status.</summary>
    public string RowsOf(TestRun run) => Locked(() =>
    {
        var names = _state.AutoTests.ToDictionary(test => test.ExternalId, test => test.Name);
        return string.Join('\n', run.Rows.Select(row => row.Describe(names.GetValueOrDefault(row.ExternalId) ?? row.ExternalId)).Order(StringComparer.Ordinal));
    });

    /// <summary>Forgets the requests so far.</summary>
    public void ClearRequests() => _requests.Clear();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _application.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_lock)
        {
            return read();
        }
    }

    private async Task HandleAsync(HttpContext context)
    {
        int now = Interlocked.Increment(ref _concurrent);
        lock (_lock)
        {
            MostConcurrent = Math.Max(MostConcurrent, now);
        }

        try
        {
            await AnswerAsync(context).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client went away, or the server stops.
            context.Abort();
        }
        finally
        {
            Interlocked.Decrement(ref _concurrent);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
        string path = context.Request.Path.Value ?? "/";
        bool isJson = context.Request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true;
        var request = new RecordedRequest(
            context.Request.Method,
            path,
            context.Request.QueryString.Value ?? "",
            _options.RecordBodies && isJson ? Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length) : null,
            (int)body.Length,
            DateTimeOffset.UtcNow);
        _requests.Enqueue(request);

        bool faulty = Faults.Applies(request.Method, path);
        if (faulty && await MisbehaveAsync(context, request).ConfigureAwait(false))
        {
            return;
        }

        (int status, JsonNode? answer) = Serve(context, request, body);
        if (faulty && Faults.TakeCutAfterCommit())
        {
            context.Abort();
            return;
        }

        if (faulty && Faults.TakeFailureAfterCommit())
        {
            (status, answer) = (502, null);
        }

        await WriteAsync(context, request, status, answer is null ? null : "application/json; charset=utf-8", answer?.ToJsonString()).ConfigureAwait(false);
    }

    /// <returns>True when the request has been dealt with.</returns>
    private async Task<bool> MisbehaveAsync(HttpContext context, RecordedRequest request)
    {
        if (Faults.Down)
        {
            context.Abort();
            return true;
        }

        if (Faults.BlackHole)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
            await Task.Delay(Timeout.Infinite, either.Token).ConfigureAwait(false);
        }

        if (Faults.Latency > TimeSpan.Zero)
        {
            await Task.Delay(Faults.Latency, context.RequestAborted).ConfigureAwait(false);
        }

        if (Faults.AnswerInstead is { } answer && await answer(context).ConfigureAwait(false))
        {
            return true;
        }

        if (Faults.TakeTooManyRequests())
        {
            context.Response.Headers.RetryAfter = Faults.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
            await WriteAsync(context, request, 429, "application/problem+json", """{"title":"Too many requests","status":429}""").ConfigureAwait(false);
            return true;
        }

        if (Faults.TakeStatus())
        {
            // A careless server repeats what it was sent.
            string problem = new JsonObject { ["title"] = $"Status {Faults.Status} for {context.Request.Headers.Authorization}", ["status"] = Faults.Status }.ToJsonString();
            await WriteAsync(context, request, Faults.Status, "application/problem+json", problem).ConfigureAwait(false);
            return true;
        }

        if (Faults.TakeFailure() || (Faults.ErrorRate > 0 && NextRandom() < Faults.ErrorRate))
        {
            await WriteAsync(context, request, 503, "text/html", "<html><body>Service Unavailable</body></html>").ConfigureAwait(false);
            return true;
        }

        if (Faults.Html)
        {
            await WriteAsync(context, request, 200, "text/html", "<!DOCTYPE html><html><body>Please sign in</body></html>").ConfigureAwait(false);
            return true;
        }

        if (Faults.Garbage)
        {
            await WriteAsync(context, request, 200, "application/json", """[{"id": "12""").ConfigureAwait(false);
            return true;
        }

        return false;
    }

    private double NextRandom()
    {
        lock (_lock)
        {
            return _random.NextDouble();
        }
    }

    private (int Status, JsonNode? Answer) Serve(HttpContext context, RecordedRequest request, MemoryStream body)
    {
        lock (_lock)
        {
            try
            {
                CheckToken(context, request);
                return _routes.Serve(request.Method, request.Path, context, body);
            }
            catch (RefusedException e)
            {
                return (e.Status, Problem(e.Status, e.Message));
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
            {
                _state.Violations.Add($"{request.Method} {request.Path}: malformed body: {e.Message}");
                return (400, Problem(400, e.Message));
            }
        }
    }

    private void CheckToken(HttpContext context, RecordedRequest request)
    {
        if (context.Request.Path.Value!.Contains(_options.Token, StringComparison.Ordinal) || request.Query.Contains(_options.Token, StringComparison.Ordinal)
            || request.Body?.Contains(_options.Token, StringComparison.Ordinal) == true)
        {
            _state.Violations.Add("the token is in an address or a body");
        }

        if (context.Request.Headers.Authorization != "PrivateToken " + _options.Token)
        {
            throw new RefusedException(401, "The private token is unknown");
        }
    }

    private static JsonObject Problem(int status, string message)
    {
        var problem = new JsonObject { ["type"] = "about:blank", ["title"] = message, ["status"] = status };
        if (status == 400)
        {
            problem["title"] = "One or more validation errors occurred.";
            problem["errors"] = new JsonObject { [""] = new JsonArray(message) };
        }

        return problem;
    }

    private static async Task WriteAsync(HttpContext context, RecordedRequest request, int status, string? type, string? text)
    {
        request.Status = status;
        context.Response.StatusCode = status;
        if (text is not null)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            request.AnswerBytes = bytes.Length;
            context.Response.ContentType = type;
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted).ConfigureAwait(false);
        }
    }
}

internal static class KestrelExtensions
{
    /// <summary>Kestrel cannot bind "localhost" to port 0.</summary>
    public static void ListenLocalhostOrAny(this Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions kestrel, int port, X509Certificate2? certificate)
        => kestrel.Listen(System.Net.IPAddress.Loopback, port, endpoint =>
        {
            if (certificate is not null)
            {
                endpoint.UseHttps(certificate);
            }
        });
}

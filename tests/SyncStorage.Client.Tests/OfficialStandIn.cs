using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using System.Text.Json;

namespace SyncStorage.Client.Tests;

/// <summary>A service that knows only the official routes and answers, and can be told to misbehave.</summary>
internal sealed class OfficialStandIn : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, string> _masters = new();
    private readonly ConcurrentDictionary<string, JsonElement> _slots = new();

    private OfficialStandIn(WebApplication app) => _app = app;

    public int Port { get; private set; }
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Answers instead of the service, when set; by route.</summary>
    public Func<HttpContext, Task>? Misbehave { get; set; }

    /// <summary>Route and body of every request, in order.</summary>
    public ConcurrentQueue<(string Route, string Body)> Requests { get; } = new();

    public IReadOnlyDictionary<string, JsonElement> Slots => _slots;

    public void FreeSlot(string testRunId) => _slots.TryRemove(testRunId, out _);

    public IEnumerable<string> BodiesOf(string route) => Requests.Where(r => r.Route == route).Select(r => r.Body);

    public static async Task<OfficialStandIn> StartAsync(int port = 0)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        WebApplication app = builder.Build();
        var standIn = new OfficialStandIn(app);
        app.Run(standIn.AnswerAsync);
        await app.StartAsync();
        standIn.Port = new Uri(app.Urls.Single()).Port;
        return standIn;
    }

    /// <summary>Cuts every connection and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        using var atOnce = new System.Threading.CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new System.IO.StreamReader(http.Request.Body, Encoding.UTF8);
        string body = await reader.ReadToEndAsync();
        string route = http.Request.Path;
        Requests.Enqueue((route, body));
        if (Misbehave is not null)
        {
            await Misbehave(http);
            if (http.Response.HasStarted || http.Response.StatusCode != 200 || http.RequestAborted.IsCancellationRequested)
            {
                return;
            }
        }

        JsonElement request = body.Length > 0 ? JsonDocument.Parse(body).RootElement : default;
        string run = http.Request.Query["testRunId"].ToString();
        object? answer = $"{http.Request.Method} {route}" switch
        {
            "GET /health" => new { status = "ok", last_update = DateTimeOffset.Now.ToString("O", CultureInfo.InvariantCulture) },
            "POST /register" => Register(request),
            "POST /set_worker_status" => new { status = "ok", message = "" },
            "POST /in_progress_test_result" => new { status = "ok", message = _slots.TryAdd(run, request) ? "saved" : "already saved" },
            "GET /in_progress_published" => new { published = _slots.ContainsKey(run) },
            "GET /wait-completion" or "GET /force-completion" => new { completed = true, message = "done" },
            "POST /keep_alive" => new { status = "ok" },
            _ => null,
        };
        if (answer is null)
        {
            http.Response.StatusCode = 404;
            return;
        }

        await http.Response.WriteAsJsonAsync(answer);
    }

    private object Register(JsonElement request)
    {
        string pid = request.GetProperty("pid").GetString()!;
        string run = request.GetProperty("testRunId").GetString()!;
        return new { status = "ok", message = "registered", pid, testRunId = run, is_master = _masters.GetOrAdd(run, pid) == pid };
    }
}

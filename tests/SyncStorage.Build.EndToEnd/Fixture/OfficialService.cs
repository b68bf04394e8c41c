using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A Sync Storage that knows the official routes and answers only, or something that pretends to be one; remembers what it was asked.</summary>
public sealed class OfficialService : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ConcurrentQueue<string> _pids = new();
    private readonly Func<HttpContext, Task<bool>>? _answers;

    private OfficialService(WebApplication application, Func<HttpContext, Task<bool>>? answers) => (_application, _answers) = (application, answers);

    public ConcurrentQueue<(string Path, string Body)> Calls { get; } = new();

    /// <summary>Names of the headers of all requests.</summary>
    public ConcurrentQueue<string> Headers { get; } = new();

    /// <summary>External id of the cut; null while none was sent.</summary>
    public string? Held { get; private set; }

    public string Url => _application.Urls.First();

    public IReadOnlyList<string> Bodies(string path) => Calls.Where(c => c.Path == path).Select(c => c.Body).ToList();

    /// <param name="port">0 = any.</param>
    /// <param name="answers">Answers in its own way; false for what it leaves to the official one.</param>
    public static async Task<OfficialService> StartAsync(int port = 0, Func<HttpContext, Task<bool>>? answers = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        WebApplication application = builder.Build();
        var service = new OfficialService(application, answers);
        application.Run(service.HandleAsync);
        await application.StartAsync();
        return service;
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new System.IO.StreamReader(context.Request.Body);
        string body = await reader.ReadToEndAsync();
        string path = context.Request.Path;
        Calls.Enqueue((path, body));
        foreach (string header in context.Request.Headers.Keys)
        {
            Headers.Enqueue(header);
        }

        if (_answers is not null && await _answers(context))
        {
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(path switch
        {
            "/health" => """{"status":"ok","last_update":"2026-01-01T00:00:00+00:00"}""",
            "/register" => Register(Text(body, "pid")),
            "/in_progress_test_result" => Hold(Text(body, "autoTestExternalId")),
            "/in_progress_published" => $$"""{"published":{{(Held is null ? "false" : "true")}}}""",
            "/wait-completion" or "/force-completion" => """{"completed":true,"message":"done"}""",
            _ => """{"status":"ok","message":""}""",
        });
    }

    private string Register(string pid)
    {
        _pids.Enqueue(pid);
        return $$"""{"status":"ok","message":"","pid":"{{pid}}","testRunId":"","is_master":{{(_pids.First() == pid ? "true" : "false")}}}""";
    }

    private string Hold(string externalId)
    {
        Held ??= externalId;
        return """{"status":"ok","message":""}""";
    }

    private static string Text(string body, string member) => JsonDocument.Parse(body).RootElement.GetProperty(member).GetString()!;
}

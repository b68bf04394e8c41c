using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// The least that Kestrel can do: what our server is measured against.
var builder = WebApplication.CreateSlimBuilder();
builder.WebHost.UseUrls("http://127.0.0.1:0");
// Unread logs on a pipe would block it sooner or later.
builder.Logging.ClearProviders();
WebApplication app = builder.Build();
app.MapGet("/health", static context => context.Response.WriteAsync("{\"status\":\"ok\"}"));
app.MapPost("/empty", static context => context.Response.WriteAsync("{\"status\":\"ok\"}"));
await app.StartAsync();
Console.WriteLine("listening on " + app.Urls.First());
await app.WaitForShutdownAsync();

using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Kestrel alone: no host, no container, no configuration, no router. They cost a third of the time from start to the first
/// answer, and a dozen fixed routes need none of them.
/// </summary>
internal sealed class HttpServer : IAsyncDisposable
{
    private readonly KestrelServer _kestrel;

    private HttpServer(KestrelServer kestrel) => _kestrel = kestrel;

    public static async Task<HttpServer> StartAsync(ListeningSockets sockets, RequestDelegate handle)
    {
        IPEndPoint[] endPoints = sockets.EndPoints.ToArray();
        var transport = new SocketTransportOptions { CreateBoundListenSocket = sockets.Take };
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = null; // HttpExchange limits each body by its route
        options.Limits.MaxConcurrentConnections = 4096;
        options.Limits.MaxRequestLineSize = 4 * 1024;
        options.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        options.Limits.MaxRequestHeaderCount = 64;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        // A drop at a time would hold a place of a large body for hours.
        options.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 16 * 1024, gracePeriod: TimeSpan.FromSeconds(5));
        foreach (IPEndPoint endPoint in endPoints)
        {
            options.Listen(endPoint, listen => listen.Protocols = HttpProtocols.Http1);
        }

        var kestrel = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(transport), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
        await kestrel.StartAsync(new Application(handle), CancellationToken.None).ConfigureAwait(false);
        return new HttpServer(kestrel);
    }

    public async ValueTask DisposeAsync()
    {
        // Answers that are under way may finish; a client that does not read them is not waited for.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _kestrel.StopAsync(patience.Token).ConfigureAwait(false);
        _kestrel.Dispose();
    }

    private sealed class Application(RequestDelegate handle) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => handle(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}

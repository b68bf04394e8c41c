using System.Text;
using System.Text.Json;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Server.TestIt;
using SyncStorage.Server.Tests.TestIt;
using SyncStorage.Sessions;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>The server's endpoints on a real Kestrel on a free port, in this process.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    public const string Secret = "the secret of this session";

    private readonly TemporaryFolder _folder = new();
    private readonly ServerLog _log = new(TimeProvider.System);
    private readonly ListeningSockets _sockets = ListeningSockets.Bind(0, null);
    private readonly Endpoints _endpoints;
    private readonly CancellationTokenSource _stopping = new();
    private HttpServer? _http;
    private Task? _ticking;

    private RunningServer(bool embedded, string? defaultTestRunId, int perSecond, TestItServer? testIt)
    {
        var host = new RunHost
        {
            Clock = new Clock(TimeProvider.System),
            Log = _log,
            Processes = new OperatingSystemProcesses(),
            Directory = _folder.File("results"),
            Knows = id => embedded && id == "named",
            SettingsOf = id => testIt is null ? new RunSettings { TestRunId = id } : PublishingTo(testIt, id),
        };
        if (testIt is not null)
        {
            host = host with { CreatePublisher = (settings, log, known) => new TestItPublisher(settings, new TestItOptions().Token, log, TimeProvider.System, known, PublisherFixture.Quick) };
        }

        Runs = new RunBook(host, defaultTestRunId);
        Guests = embedded ? new Guests(host, Session.At(_folder.File("session")), () => { }) : null;
        Url = $"http://127.0.0.1:{_sockets.Port}";
        _endpoints = new Endpoints(Runs, Guests?.Runs, new RequestGuard(null, embedded ? Secret : null), new RequestRate(TimeProvider.System, perSecond), () => Health.Of(Runs, null, TimeProvider.System), () => WasShutDown = true, _log);
    }

    public RunBook Runs { get; }
    public Guests? Guests { get; }

    /// <summary>SyncStorageDirectory.</summary>
    public string Directory => _folder.File("results");
    public ServerLog Log => _log;
    public string Url { get; }
    public int Port => new Uri(Url).Port;
    public bool WasShutDown { get; private set; }
    public HttpClient Client { get; } = new();

    public static async Task<RunningServer> StartAsync(bool embedded = false, string? defaultTestRunId = null, int perSecond = RequestRate.Default, TestItServer? testIt = null)
    {
        var server = new RunningServer(embedded, defaultTestRunId, perSecond, testIt);
        server._http = await HttpServer.StartAsync(server._sockets, server._endpoints.HandleAsync);
        server._ticking = server.TickAsync();
        return server;
    }

    public async Task<(int Status, JsonElement Body)> PostAsync(string path, string body, string? secret = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Url + path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (secret is not null)
        {
            request.Headers.Add("X-SyncStorage-Secret", secret);
        }

        return await SendAsync(request);
    }

    /// <summary>A client whose patience is shorter than the server's.</summary>
    public async Task GivesUpWaitingAsync(string path, string client)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        using var request = new HttpRequestMessage(HttpMethod.Get, Url + path);
        request.Headers.TryAddWithoutValidation("User-Agent", client);
        await Assert.ThrowsAsync<OperationCanceledException>(() => Client.SendAsync(request, patience.Token));
    }

    public async Task<(int Status, JsonElement Body)> GetAsync(string path, string? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Url + path);
        if (client is not null)
        {
            request.Headers.TryAddWithoutValidation("User-Agent", client);
        }

        return await SendAsync(request);
    }

    public async Task<(int Status, JsonElement Body)> SendAsync(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, JsonDocument.Parse(text).RootElement.Clone());
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _ticking!;
        await _http!.DisposeAsync();
        Client.Dispose();
        _endpoints.Dispose();
        Runs.Dispose();
        Guests?.Dispose();
        _log.Dispose();
        _folder.Dispose();
        _stopping.Dispose();
    }

    private static RunSettings PublishingTo(TestItServer testIt, string testRunId) => new()
    {
        TestRunId = testRunId,
        Publish = true,
        Url = testIt.Url,
        ProjectId = new TestItOptions().ProjectId,
        ConfigurationId = new TestItOptions().ConfigurationId,
        AdapterMode = 1,
    };

    /// <summary>What the stand-alone server's loop does.</summary>
    private async Task TickAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            Guests?.Tend(ends: false);
            foreach (Run run in Runs.All)
            {
                run.Pass();
                if (run.IsOver(leases: null))
                {
                    await run.FinishAsync(interrupted: false, CancellationToken.None);
                }
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }
}

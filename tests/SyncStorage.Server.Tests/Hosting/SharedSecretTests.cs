using System.Net;
using System.Net.Http.Json;
using SyncStorage.Protocol;
using SyncStorage.Server.Participation;
using TestItStandIn;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>A stand-alone server that others can reach. 127.0.0.2 stands for the network: it is not what the server listens on by itself.</summary>
[TestClass]
public sealed class SharedSecretTests : IDisposable
{
    private const string Secret = "shared-secret-4711";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task A_forged_cut_creates_no_row(bool fromEnvironment)
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        TestItStandIn.TestRun run = testIt.AddRun();
        var environment = new Dictionary<string, string> { ["TMS_PRIVATE_TOKEN"] = new TestItOptions().Token, ["SYNCSTORAGE_SECRET"] = fromEnvironment ? Secret : "" };
        using ServerProcess server = Start(environment, ["--baseURL", testIt.Url, .. fromEnvironment ? (string[])[] : ["--secret", Secret]]);
        using var http = new HttpClient { BaseAddress = new Uri(await server.ReadUrlAsync()) };

        foreach (string wrong in (string[])["", "shared-secret-4712", "shared-secret-471"])
        {
            http.DefaultRequestHeaders.Remove(Routes.SecretHeader);
            http.DefaultRequestHeaders.TryAddWithoutValidation(Routes.SecretHeader, wrong);
            await AssertStatusAsync(403, http.PostAsJsonAsync("/register", new { pid = "1", testRunId = run.Id }));
            await AssertStatusAsync(403, http.PostAsJsonAsync("/set_worker_status", new { pid = "1", testRunId = run.Id, status = "completed" }));
            await AssertStatusAsync(403, http.PostAsJsonAsync("/in_progress_test_result?testRunId=" + run.Id, new { autoTestExternalId = "x", statusType = "Succeeded" }));
            await AssertStatusAsync(403, http.GetAsync("/force-completion?testRunId=" + run.Id));
            await AssertStatusAsync(403, http.PostAsync("/shutdown", null));
            await AssertStatusAsync(200, http.GetAsync("/health"));
        }

        Assert.IsEmpty(testIt.Requests);
        http.DefaultRequestHeaders.Remove(Routes.SecretHeader);
        http.DefaultRequestHeaders.Add(Routes.SecretHeader, Secret);
        await AssertStatusAsync(200, http.PostAsJsonAsync("/register", new { pid = "1", testRunId = run.Id }));
        await AssertStatusAsync(200, http.PostAsync("/shutdown", null));
        Assert.AreEqual(0, await server.WaitForExitAsync());
        Assert.AreEqual("", await server.Process.StandardError.ReadToEndAsync(), "no warning");
    }

    [TestMethod]
    public async Task Participants_show_the_secret_only_where_the_user_sent_them()
    {
        using ServerProcess server = Start([], ["--secret", Secret]);
        string url = await server.ReadUrlAsync();
        foreach ((string? secret, bool expected) in ((string?, bool)[])[(Secret, true), (null, false)])
        {
            using var service = new ForeignService(url, secret, TimeProvider.System);
            RegisterResponse? answer = await service.TryAsync((client, cancel) => client.RegisterAsync(new RegisterRequest { Pid = "1", TestRunId = "r" }, cancel));
            Assert.AreEqual(expected, answer is not null);
        }
    }

    [TestMethod]
    [DataRow("coordinator.example", 200)]
    [DataRow("COORDINATOR.example", 200)]
    [DataRow("second", 200)]
    [DataRow("localhost", 200)]
    [DataRow("127.0.0.2", 200)]
    [DataRow("evil.example", 403)]
    public async Task Only_the_given_names_are_answered(string host, int status)
    {
        using ServerProcess server = Start([], ["--host", "coordinator.example,second"]);
        using var http = new HttpClient { BaseAddress = new Uri(await server.ReadUrlAsync()) };
        http.DefaultRequestHeaders.Host = host;
        await AssertStatusAsync(status, http.GetAsync("/health"));
    }

    [TestMethod]
    public async Task Neither_secret_nor_names_is_worth_a_warning()
    {
        using ServerProcess server = Start([], []);
        using var http = new HttpClient { BaseAddress = new Uri(await server.ReadUrlAsync()) };
        await AssertStatusAsync(200, http.PostAsync("/shutdown", null));
        StringAssert.Contains(await server.Process.StandardError.ReadToEndAsync(), "warning: whoever reaches 127.0.0.2");
    }

    /// <summary>On loopback official adapters must get in, and they know no secret.</summary>
    [TestMethod]
    public void Without_listen_there_is_none()
        => Assert.Throws<OptionsException>(() => ServerOptions.Parse(["--secret", "s"]));

    [TestMethod]
    public async Task A_redirect_is_not_followed_with_the_secret()
    {
        using var elsewhere = new HttpListener();
        int port = FreePort();
        elsewhere.Prefixes.Add($"http://127.0.0.1:{port}/");
        elsewhere.Start();
        List<string> asked = [];
        Task answering = Task.Run(async () =>
        {
            while (elsewhere.IsListening)
            {
                HttpListenerContext context = await elsewhere.GetContextAsync();
                asked.Add(context.Request.Url!.AbsolutePath);
                context.Response.Redirect($"http://127.0.0.1:{port}/stolen");
                context.Response.Close();
            }
        });
        using var client = new SyncStorageClient($"http://127.0.0.1:{port}", Secret);
        await Assert.ThrowsAsync<SyncStorageClientException>(() => client.HealthAsync(CancellationToken.None));
        CollectionAssert.AreEqual(new[] { "/health" }, asked.ToArray());
        elsewhere.Stop();
        await Task.WhenAny(answering);
    }

    private ServerProcess Start(Dictionary<string, string> environment, string[] arguments)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Only Linux has all of 127.0.0.0/8.");
        }

        return ServerProcess.StartWith(environment, ["--port", "0", "--listen", "127.0.0.2", "--directory", _folder.File("results"), .. arguments]);
    }

    private static async Task AssertStatusAsync(int status, Task<HttpResponseMessage> call)
    {
        using HttpResponseMessage answer = await call;
        Assert.AreEqual(status, (int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

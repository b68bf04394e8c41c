using System.Diagnostics;
using System.Text;
using System.Text.Json;
using SyncStorage.Protocol;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>Who does not know the secret of an embedded server: official adapters, web pages, other accounts.</summary>
[TestClass]
[TestCategory("Promise: secrets")]
public sealed class GuestsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly (string Method, string Path)[] OfficialRoutes =
    [
        ("POST", "/register"), ("POST", "/set_worker_status"), ("POST", "/in_progress_test_result?testRunId=guests"), ("GET", "/in_progress_published?testRunId=guests"),
        ("GET", "/wait-completion?testRunId=guests"), ("GET", "/force-completion?testRunId=guests"), ("POST", "/keep_alive"), ("POST", "/shutdown"),
    ];

    [TestMethod]
    [DataRow("cross-site", true)]
    [DataRow("same-site", true)]
    [DataRow("none, cross-site", true)]
    [DataRow("", true)]
    [DataRow("cross-site", false)]
    public async Task A_request_that_a_web_page_made_is_refused_by_every_route(string site, bool embedded)
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded);
        await server.PostAsync("/register", """{"pid":"a","testRunId":"guests"}""");
        foreach ((string method, string path) in OfficialRoutes)
        {
            Assert.AreEqual(403, await AskAsync(server, method, path, site), path);
        }

        Assert.AreEqual(200, await AskAsync(server, "GET", "/health", site));
        Assert.IsTrue((server.Guests?.Runs ?? server.Runs).Find("guests").IsRunning);
        Assert.IsFalse(server.WasShutDown);
    }

    [TestMethod]
    [DataRow("none")]
    [DataRow("same-origin")]
    public async Task A_person_at_a_browser_may_ask(string site)
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true);
        await server.PostAsync("/register", """{"pid":"a","testRunId":"guests"}""");
        Assert.AreEqual(200, await AskAsync(server, "GET", "/in_progress_published?testRunId=guests", site));
    }

    [TestMethod]
    [DataRow("GET", "/force-completion?testRunId=ours")]
    [DataRow("GET", "/force-completion/?testRunId=ours")]
    [DataRow("GET", "/force-completion?testRunId=guests")]
    [DataRow("GET", "/force-completion")]
    [DataRow("POST", "/shutdown")]
    [DataRow("POST", "/shutdown//")]
    public async Task Nobody_ends_a_run_or_the_server(string method, string path)
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true);
        await server.PostAsync("/register", """{"pid":"own","testRunId":"ours"}""", RunningServer.Secret);
        Assert.AreEqual(403, await AskAsync(server, method, path));
        Assert.IsTrue(server.Runs.Find("ours").IsRunning);
        Assert.IsFalse(server.WasShutDown);
    }

    [TestMethod]
    [DataRow("ours", DisplayName = "by its id")]
    [DataRow("", DisplayName = "without an id")]
    public async Task A_guest_in_a_run_of_ours_is_answered_and_changes_nothing(string run)
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true, defaultTestRunId: "ours");
        (int registered, JsonElement answer) = await server.PostAsync("/register", $$"""{"pid":"guest","testRunId":"{{run}}"}""");
        Assert.AreEqual((200, false), (registered, answer.GetProperty("is_master").GetBoolean()));
        Assert.IsFalse((await server.PostAsync("/register", """{"pid":"guest","testRunId":"named"}""")).Body.GetProperty("is_master").GetBoolean(), "a run that the session names");
        Assert.IsFalse(Directory.Exists(server.Directory), "no folder");

        await server.PostAsync("/register", """{"pid":"own","testRunId":"ours"}""", RunningServer.Secret);
        foreach (string word in new[] { "in_progress", "completed" })
        {
            foreach (string pid in new[] { "guest", "own" })
            {
                Assert.AreEqual(200, (await server.PostAsync("/set_worker_status", $$"""{"pid":"{{pid}}","testRunId":"{{run}}","status":"{{word}}"}""")).Status);
                Assert.AreEqual(200, (await server.PostAsync("/keep_alive", $$"""{"pid":"{{pid}}","testRunId":"{{run}}"}""")).Status);
            }
        }

        (int offered, answer) = await server.PostAsync("/in_progress_test_result?testRunId=" + run, """{"autoTestExternalId":"forged","statusType":"Succeeded"}""");
        Assert.AreEqual((200, false), (offered, answer.GetProperty("held").GetBoolean()));
        Run ours = server.Runs.Find("ours");
        Assert.AreEqual(("own", WorkerStatus.InProgress, true), (ours.Describe().Workers.Single().Pid, ours.Describe().Workers.Single().Status, ours.IsMaster("own")));
        Assert.IsFalse(ours.IsPublished);
        Assert.IsEmpty(server.Guests!.Runs.All);
    }

    [TestMethod]
    public async Task Guests_elect_hold_and_complete_in_a_run_of_their_own()
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true, defaultTestRunId: "ours");
        Assert.IsTrue((await server.PostAsync("/register", """{"pid":"a","testRunId":"guests"}""")).Body.GetProperty("is_master").GetBoolean());
        Assert.IsFalse((await server.PostAsync("/register", """{"pid":"b","testRunId":"guests"}""")).Body.GetProperty("is_master").GetBoolean());
        Assert.IsTrue((await server.PostAsync("/in_progress_test_result?testRunId=guests", """{"autoTestExternalId":"x"}""")).Body.GetProperty("held").GetBoolean());
        Assert.IsTrue((await server.GetAsync("/in_progress_published?testRunId=guests")).Body.GetProperty("published").GetBoolean());
        foreach (string pid in new[] { "a", "b" })
        {
            Assert.AreEqual(200, (await server.PostAsync("/set_worker_status", $$"""{"pid":"{{pid}}","testRunId":"guests","status":"completed"}""")).Status);
        }

        Assert.IsTrue((await server.GetAsync("/wait-completion?testRunId=guests")).Body.GetProperty("completed").GetBoolean());
        Assert.IsEmpty(server.Runs.All);
        Assert.IsFalse(Directory.Exists(server.Directory), "no folder of theirs");
    }

    [TestMethod]
    public async Task A_flood_of_registrations_opens_a_few_runs_and_makes_no_run_folder()
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true, defaultTestRunId: "ours");
        int[] answers = await Task.WhenAll(Enumerable.Range(0, 999).Select(async run => (await server.PostAsync("/register", $$"""{"pid":"a","testRunId":"flood-{{run}}"}""")).Status));
        Assert.AreEqual((20, 979), (answers.Count(status => status == 200), answers.Count(status => status == 429)));
        Assert.IsFalse(Directory.Exists(server.Directory));
        Assert.AreEqual(200, (await server.PostAsync("/register", """{"pid":"own","testRunId":"ours"}""", RunningServer.Secret)).Status, "our own have their place");
    }

    /// <summary>Their worker never ends, and the Test IT that they named never answers.</summary>
    [TestMethod]
    public async Task Guests_hold_up_the_end_for_no_more_than_a_moment()
    {
        using var folder = new TemporaryFolder();
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        Session session = Session.At(folder.File("session"));
        session.WriteRun(new RunSettings { TestRunId = "ours" });
        using SessionLease lease = session.TakeLease();
        using ServerProcess server = ServerProcess.Start("--session", session.Directory, "--directory", folder.File("out"), "--completionTimeout", "60", "--testRunId", "ours", "--port", "0");
        using var worker = new MailingWorker(new RunFolder(folder.File("out"), "ours").MailDirectory, "ours", "own");
        worker.Send(0, 3);
        worker.Complete();
        using var guest = new SyncStorageClient((await session.WaitForServerAsync(Patience))!.Url);
        var register = new RegisterRequest { Pid = "a", TestRunId = "guests", BaseUrl = $"http://{silent.LocalEndpoint}", PrivateToken = "theirs" };
        Assert.IsTrue((await guest.RegisterAsync(register, default)).IsMaster);
        await guest.SendInProgressAsync("guests", new TestResultCut { AutoTestExternalId = "x", StatusType = "Succeeded" }, default);
        Task<CompletionResponse> waiting = guest.WaitCompletionAsync("guests", default);

        long ends = Environment.TickCount64;
        lease.Dispose();
        Assert.AreEqual(0, await server.WaitForExitAsync());

        Assert.IsLessThan(8_000, Environment.TickCount64 - ends);
        Assert.AreEqual("completed", Invocation.ReadReport(folder.File("out"), "ours").State);
        CollectionAssert.AreEqual(new[] { "ours" }, Directory.GetDirectories(folder.File("out")).Select(Path.GetFileName).ToArray());
        Assert.IsFalse(Directory.Exists(session.Directory));
        StringAssert.Contains(await File.ReadAllTextAsync(new RunFolder(folder.File("out"), "ours").LogPath), "SYNC0015: run guests");
        await Task.WhenAny(waiting);
    }

    /// <summary>Over IPv4, over IPv6 and over a socket for both.</summary>
    [TestMethod]
    [DataRow("127.0.0.1")]
    [DataRow("[::1]")]
    [DataRow("[::ffff:127.0.0.1]")]
    public async Task Another_account_gets_health_and_nothing_else(string address)
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true);
        foreach ((string method, string path) in OfficialRoutes)
        {
            Assert.AreEqual("403", await CurlAsync(65534, address, server.Port, method, path), path);
        }

        Assert.AreEqual("200", await CurlAsync(65534, address, server.Port, "GET", "/health"));
        Assert.IsEmpty(server.Guests!.Runs.All);
        Assert.AreEqual("200", await CurlAsync(0, address, server.Port, "POST", "/register"), "the same account");
    }

    /// <summary>Who sends and closes at once has a socket that older kernels count as root's, and root is who these tests run as.</summary>
    [TestMethod]
    public async Task Another_account_that_hangs_up_is_still_another()
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true);
        const string Body = """{"pid":"a","testRunId":"guests"}""";
        string request = $"POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}";
        for (int i = 0; i < 20; i++)
        {
            await AsAsync(65534, "bash", "-c", $"exec 3<>/dev/tcp/127.0.0.1/{server.Port}; printf '{request.Replace("\r\n", "\\r\\n")}' >&3; exec 3>&-");
        }

        Assert.AreEqual(200, (await server.GetAsync("/health")).Status);
        Assert.IsEmpty(server.Guests!.Runs.All);
    }

    private static Task<string> CurlAsync(int account, string address, int port, string method, string path)
        => AsAsync(account, ["curl", "-s", "-g", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: localhost", "-X", method,
            .. method == "POST" ? (string[])["-H", "Content-Type: application/json", "-d", """{"pid":"a","testRunId":"guests","status":"completed"}"""] : [], $"http://{address}:{port}{path}"]);

    private static async Task<string> AsAsync(int account, params string[] command)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            Assert.Inconclusive("Only root of Linux can act as another account.");
        }

        string id = account.ToString(provider: null);
        var info = new ProcessStartInfo("setpriv", ["--reuid", id, "--regid", id, "--clear-groups", .. command]) { RedirectStandardOutput = true };
        using Process process = Process.Start(info)!;
        using var deadline = new CancellationTokenSource(Patience);
        string output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return output;
    }

    private static async Task<int> AskAsync(RunningServer server, string method, string path, string? site = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), server.Url + path);
        if (method == "POST")
        {
            request.Content = new StringContent("""{"pid":"a","testRunId":"guests","status":"completed"}""", Encoding.UTF8, "application/json");
        }

        if (site is not null)
        {
            request.Headers.TryAddWithoutValidation("Sec-Fetch-Site", site);
        }

        return (await server.SendAsync(request)).Status;
    }
}

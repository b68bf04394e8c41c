using System.Diagnostics;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TestItStandIn;

namespace SyncStorage.Client.EndToEnd;

/// <summary>The adapters write their results themselves; the held-back one gets its final status from Sync Storage.</summary>
[TestClass]
public sealed class Held_in_Test_IT : EmbeddedScenario
{
    private const string Token = "canary-token-4711";

    [TestMethod]
    public async Task The_held_result_of_three_adapters_becomes_final_and_the_token_is_nowhere()
    {
        var options = new TestItOptions { Token = Token };
        await using TestItServer testIt = await TestItServer.StartAsync(options);
        TestItStandIn.TestRun run = testIt.AddRun(RunId);
        var adapters = new List<TestItAdapter>();
        for (int i = 0; i < 3; i++)
        {
            var adapter = new TestItAdapter(testIt.Url, options, RunId, new SyncStorageOptions { Log = Log.Add, Directory = Folder });
            Assert.IsTrue(adapter.Initialize(new SyncStorageConfig(RunId, Port, testIt.Url, Token) { ProjectId = options.ProjectId }));
            Assert.IsTrue(await adapter.StartAsync(), Log.All);
            adapters.Add(adapter);
        }

        string arguments = string.Join("\n", Processes.ServersOf(Folder).Select(pid => File.ReadAllText($"/proc/{pid}/cmdline") + File.ReadAllText($"/proc/{pid}/environ")));
        for (int i = 0; i < 9; i++)
        {
            testIt.AddAutoTest($"test {i}", $"test {i}");
            bool held = await adapters[i % 3].OnTestCaseCompletedAsync(new SyncStorageTestResult($"test {i}", "Failed")
            {
                ConfigurationId = options.ConfigurationId,
                StartedOn = DateTimeOffset.UtcNow.AddMilliseconds(-5),
                CompletedOn = DateTimeOffset.UtcNow,
                Duration = 5,
            });
            Assert.AreEqual(i == 0, held, Log.All);
        }

        Assert.AreEqual("InProgress", run.State);
        await Task.WhenAll(adapters.Select(a => a.StopAsync()));
        foreach (TestItAdapter adapter in adapters)
        {
            await adapter.DisposeAsync();
        }

        Assert.IsEmpty(testIt.Check(run), string.Join("\n", testIt.Check(run)) + Log.All);
        Assert.HasCount(9, run.Rows.Where(row => row.StatusType == "Failed"));
        Assert.IsTrue(Report().GetProperty("inProgress").GetProperty("finalized").GetBoolean());

        string written = string.Join("\n", Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.DoesNotContain(Token, arguments + written + Log.All);
    }

    [TestMethod]
    public async Task An_outage_at_the_end_is_waited_out()
    {
        var options = new TestItOptions { Token = Token, AutoClose = false };
        await using TestItServer testIt = await TestItServer.StartAsync(options);
        ResultRow held = testIt.AddPlannedRow(testIt.AddRun(RunId), "held");
        SyncStorageRunner worker = await HoldAsync(testIt, completionTimeout: 60);
        testIt.Faults.ErrorRate = 1;
        Task stopping = worker.StopAsync();
        await Wait.UntilAsync(() => testIt.Requests.Count > 5, TimeSpan.FromSeconds(30), () => Log.All);
        testIt.Faults.ErrorRate = 0;
        await stopping;

        Assert.AreEqual("Succeeded", held.StatusType, Log.All);
        Assert.IsTrue(Report().GetProperty("inProgress").GetProperty("finalized").GetBoolean());
        Assert.DoesNotContain("SYNC0015", Log.All);
    }

    [TestMethod]
    public async Task What_an_outage_left_is_told_in_the_log_of_the_worker_that_stops_last()
    {
        var options = new TestItOptions { Token = Token, AutoClose = false };
        await using TestItServer testIt = await TestItServer.StartAsync(options);
        ResultRow held = testIt.AddPlannedRow(testIt.AddRun(RunId), "held");
        SyncStorageRunner worker = await HoldAsync(testIt, completionTimeout: 3);
        testIt.Faults.ErrorRate = 1;
        await worker.StopAsync();

        string told = Log.All.Split('\n').First(line => line.Contains("SYNC0015", StringComparison.Ordinal));
        StringAssert.Contains(told, "'held'");
        StringAssert.Contains(told, "--resend");
        StringAssert.Contains(told, "Warning");
        Assert.IsFalse(Report().GetProperty("inProgress").GetProperty("finalized").GetBoolean());

        testIt.Faults.ErrorRate = 0;
        var resend = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "server", "SyncStorage.Server.dll"), "--resend", "--directory", Folder]);
        resend.Environment["TMS_URL"] = testIt.Url;
        resend.Environment["TMS_PRIVATE_TOKEN"] = Token;
        using (Process process = Process.Start(resend)!)
        {
            await process.WaitForExitAsync();
            Assert.AreEqual(0, process.ExitCode);
        }

        Assert.AreEqual("Succeeded", held.StatusType, "the journal knows project and test run");
        Assert.IsTrue(Report().GetProperty("inProgress").GetProperty("finalized").GetBoolean());
    }

    [TestMethod]
    public async Task A_certificate_that_nobody_vouches_for_is_accepted_when_told_so()
    {
        using var key = RSA.Create(2048);
        using X509Certificate2 made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { Token = Token, AutoClose = false, Certificate = certificate });
        ResultRow held = testIt.AddPlannedRow(testIt.AddRun(RunId), "held");
        SyncStorageRunner worker = await HoldAsync(testIt, completionTimeout: 20, certValidation: false);
        await worker.StopAsync();
        Assert.AreEqual("Succeeded", held.StatusType, Log.All);
    }

    private async Task<SyncStorageRunner> HoldAsync(TestItServer testIt, int completionTimeout, bool certValidation = true)
    {
        var config = new SyncStorageConfig(RunId, Port, testIt.Url, Token) { CertValidation = certValidation };
        SyncStorageRunner worker = Worker(config, options => options.CompletionTimeout = TimeSpan.FromSeconds(completionTimeout));
        Assert.IsTrue(await worker.StartAsync(), Log.All);
        Assert.IsTrue(await worker.SendInProgressTestResultAsync(new SyncStorageTestResult("held", "Passed")), Log.All);
        return worker;
    }

    /// <summary>What an adapter author writes: one POST.</summary>
    private sealed class TestItAdapter(string url, TestItOptions testIt, string testRunId, SyncStorageOptions options) : SyncStorageAdapter(options)
    {
        protected override async Task WriteResultAsync(SyncStorageTestResult result, bool inProgress, CancellationToken cancellationToken)
        {
            using var http = new HttpClient();
            http.DefaultRequestHeaders.Add("Authorization", "PrivateToken " + testIt.Token);
            var row = new
            {
                configurationId = result.ConfigurationId,
                autoTestExternalId = result.AutoTestExternalId,
                statusType = inProgress ? "InProgress" : result.StatusType,
                statusCode = inProgress ? null : result.StatusCode,
                startedOn = result.StartedOn,
                completedOn = result.CompletedOn,
                duration = result.Duration,
            };
            HttpResponseMessage answer = await http.PostAsJsonAsync($"{url}/api/v2/testRuns/{testRunId}/testResults", new[] { row }, cancellationToken);
            Assert.IsTrue(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
        }
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.Planning;
using SyncStorage.Server.TestIt;
using SyncStorage.Server.Tests.Hosting;
using SyncStorage.Sessions;
using SyncStorage.Settings;
using ServerProcess = SyncStorage.Server.Tests.Hosting.ServerProcess;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Server.Tests.TestIt;

/// <summary>A Test IT behind a certificate of its own making: refused with a word on how to accept it, and accepted wherever it is called.</summary>
[TestClass]
public sealed class CertificateTests : IDisposable
{
    private readonly X509Certificate2 _certificate = SelfSigned();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _certificate.Dispose();
        _folder.Dispose();
    }

    private string Results => _folder.File("results");

    [TestMethod]
    public async Task By_default_nothing_is_sent_and_the_setting_is_named()
    {
        await using PublisherFixture run = await PublisherFixture.StartAsync(Options);
        ObservedResult held = PublisherFixture.Result("Held");
        run.Publish(held, held: true);
        await PublisherFixture.UntilAsync(() => run.Log.Codes.Contains("SYNC0010"), "the notice");
        Assert.IsFalse(await run.CompleteAsync(held, seconds: 0.2));
        string told = run.Log.Notices.First(notice => notice.Code == "SYNC0010").Message;
        foreach (string word in new[] { "certificate is not trusted", "TMS_CERT_VALIDATION", "certValidation" })
        {
            StringAssert.Contains(told, word);
        }

        Assert.IsEmpty(run.TestIt.Requests);
        TestPlan plan = await PlannedTests.FetchAsync(run.Settings, PublisherFixture.Token, TimeProvider.System, PublisherFixture.Quick, CancellationToken.None);
        StringAssert.Contains(plan.Problem, "TMS_CERT_VALIDATION");
    }

    [TestMethod]
    public async Task Results_and_plan_of_the_embedded_server_accept_it_when_told_so()
    {
        await using PublisherFixture run = await PublisherFixture.StartAsync(Options, settings: settings => settings with { CertValidation = false });
        ObservedResult held = PublisherFixture.Result("Held");
        run.Publish(held, held: true);
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolation();
        TestPlan plan = await PlannedTests.FetchAsync(run.Settings, PublisherFixture.Token, TimeProvider.System, PublisherFixture.Quick, CancellationToken.None);
        Assert.IsNull(plan.Problem);
    }

    [TestMethod]
    public async Task A_stand_alone_server_and_a_resend_go_by_the_environment()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(Options with { AutoClose = false });
        TestRun run = testIt.AddRun();
        ResultRow held = testIt.AddPlannedRow(run, "js-1");
        string[] arguments = ["--port", "0", "--testRunId", run.Id, "--baseURL", testIt.Url, "--directory", Results];
        using (ServerProcess server = ServerProcess.StartWith(Invocation.Token, arguments))
        using (var client = new SyncStorageClient(await server.ReadUrlAsync()))
        {
            await EndRunAsync(client, run.Id, "js-1");
            await client.ShutdownAsync(default);
            Assert.AreEqual(0, await server.WaitForExitAsync());
        }

        Report report = Invocation.ReadReport(Results, run.Id);
        Assert.IsTrue(report.Notices.Any(notice => notice.Code == "SYNC0010" && notice.Message.Contains("TMS_CERT_VALIDATION", StringComparison.Ordinal)), string.Join("\n", report.Notices));
        Assert.AreEqual("InProgress", held.StatusType);
        Assert.IsEmpty(testIt.Requests);

        using (ServerProcess resend = ServerProcess.StartWith(Accepting, "--resend", "--directory", Results, "--baseURL", testIt.Url))
        {
            Assert.AreEqual(0, await resend.WaitForExitAsync());
        }

        Assert.AreEqual("Succeeded", held.StatusType);
        ResultRow second = testIt.AddPlannedRow(run, "js-2");
        using (ServerProcess server = ServerProcess.StartWith(Accepting, arguments))
        using (var client = new SyncStorageClient(await server.ReadUrlAsync()))
        {
            await EndRunAsync(client, run.Id, "js-2");
            await client.ShutdownAsync(default);
            Assert.AreEqual(0, await server.WaitForExitAsync());
        }

        Assert.AreEqual("Succeeded", second.StatusType);
        Assert.IsEmpty(testIt.Violations);
    }

    /// <summary>A journal may come from anywhere: it can neither switch the check off nor say where the token goes.</summary>
    [TestMethod]
    public async Task A_resend_goes_by_the_current_settings_and_not_by_the_journal()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(Options);
        var left = new Invocation(Results, 0, completionTimeout: 2) { Url = testIt.Url, CertValidation = false };
        TestRun run = testIt.AddRun(left.RunId);
        testIt.Faults.Down = true;
        await left.RunAsync(3);
        Assert.AreEqual(3L, left.Report.Results.Spooled);
        testIt.Faults.Down = false;
        int asked = testIt.Requests.Count;
        using (ServerProcess strict = ServerProcess.StartWith(Invocation.Token, "--resend", "--directory", Results, "--baseURL", testIt.Url, "--completionTimeout", "2"))
        {
            Assert.AreEqual(1, await strict.WaitForExitAsync());
        }

        Assert.HasCount(asked, testIt.Requests);
        using ServerProcess resend = ServerProcess.StartWith(Accepting, "--resend", "--directory", Results, "--baseURL", testIt.Url);
        Assert.AreEqual(0, await resend.WaitForExitAsync());
        Assert.HasCount(3, run.Rows);
    }

    private TestItOptions Options => new() { Certificate = _certificate };

    private static System.Collections.Generic.Dictionary<string, string> Accepting => new(Invocation.Token) { ["TMS_CERT_VALIDATION"] = "off" };

    private static async Task EndRunAsync(SyncStorageClient client, string runId, string externalId)
    {
        string pid = Guid.NewGuid().ToString();
        await client.RegisterAsync(new RegisterRequest { Pid = pid, TestRunId = runId }, default);
        await client.SendInProgressAsync(runId, new TestResultCut { AutoTestExternalId = externalId, StatusType = "Succeeded", StatusCode = "passed" }, default);
        await client.SetWorkerStatusAsync(new WorkerStatusRequest { Pid = pid, TestRunId = runId, Status = WorkerStatus.Completed }, default);
        await client.WaitCompletionAsync(runId, default);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        // With its private key in a form that a server on Windows can use, too.
        byte[] whole = made.Export(X509ContentType.Pkcs12);
#if NET9_0_OR_GREATER
        return X509CertificateLoader.LoadPkcs12(whole, null);
#else
        return new X509Certificate2(whole);
#endif
    }
}

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.Tests.Runs;
using SyncStorage.Sessions;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>The real process against a Test IT that watches every request.</summary>
[TestClass]
public sealed class ServerProcessAndTestItTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public async Task Stand_alone_it_finalizes_exactly_the_held_row_within_14_seconds()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        var run = testIt.AddRun();
        ResultRow other = testIt.AddPlannedRow(run, "js-10");
        ResultRow held = testIt.AddPlannedRow(run, "js-1");
        using ServerProcess server = ServerProcess.StartWith(Token, "--port", "0", "--testRunId", run.Id, "--baseURL", testIt.Url + "/api/v2/", "--directory", _folder.Path);
        using var client = new SyncStorageClient(await server.ReadUrlAsync());
        await client.RegisterAsync(new RegisterRequest { Pid = "a", TestRunId = run.Id }, default);
        await client.SendInProgressAsync(run.Id, new TestResultCut { AutoTestExternalId = "js-1", StatusType = "Succeeded", StatusCode = "passed" }, default);
        await client.SetWorkerStatusAsync(new WorkerStatusRequest { Pid = "a", TestRunId = run.Id, Status = WorkerStatus.Completed }, default);
        long completed = Environment.TickCount64;
        Assert.IsTrue((await client.WaitCompletionAsync(run.Id, default)).Completed);
        Assert.IsLessThan(14000, Environment.TickCount64 - completed);
        Assert.AreEqual(("Succeeded", "InProgress"), (held.StatusType, other.StatusType));
        Assert.IsEmpty(testIt.Violations);
    }

    [TestMethod]
    public async Task What_an_outage_left_spooled_is_resent_exactly_once()
    {
        int port = FreePort();
        var options = new TestItOptions { Port = port };
        string runId = Guid.NewGuid().ToString();
        Session session = Session.At(_folder.File("session"));
        session.WriteRun(new RunSettings
        {
            TestRunId = runId, TestRunIdGiven = true, Publish = true, Url = $"http://127.0.0.1:{port}", AdapterMode = 1,
            ProjectId = options.ProjectId, ConfigurationId = options.ConfigurationId,
        });
        var environment = new Dictionary<string, string> { ["TMS_PRIVATE_TOKEN"] = options.Token };
        using (SessionLease lease = session.TakeLease())
        using (ServerProcess server = ServerProcess.StartWith(environment, "--session", session.Directory, "--directory", _folder.Path, "--completionTimeout", "3", "--testRunId", runId, "--port", "0"))
        {
            ServerState state = (await session.WaitForServerAsync(TimeSpan.FromSeconds(30)))!;
            using (var client = new SyncStorageClient(state.Url, state.Secret))
            {
                await client.RegisterAsync(new RegisterRequest { Pid = "a", TestRunId = runId, Part = WorkerPart.Logger }, default);
                await client.PostResultsAsync(new ResultBatch { Pid = "a", TestRunId = runId, Results = [.. Enumerable.Range(0, 25).Select(i => RunFixture.Result(i))] }, default);
                await client.SetWorkerStatusAsync(new WorkerStatusRequest { Pid = "a", TestRunId = runId, Status = WorkerStatus.Completed }, default);
            }

            lease.Dispose();
            Assert.AreEqual(0, await server.WaitForExitAsync());
        }

        Report report = ReadReport(runId);
        Assert.AreEqual(("completed", 25L, 0L, 25L), (report.State, report.Results.Observed, report.Results.Sent, report.Results.Spooled));

        Assert.AreEqual(1, await ResendAsync(environment), "Test IT is still away");
        await using TestItServer testIt = await TestItServer.StartAsync(options);
        testIt.AddRun(runId);
        Assert.AreEqual(0, await ResendAsync(environment));
        Assert.AreEqual(0, await ResendAsync(environment), "nothing is left");
        report = ReadReport(runId);
        Assert.AreEqual((25L, 25L, 0L, true), (report.Results.Observed, report.Results.Sent, report.Results.Spooled, report.InProgress!.Finalized));
        TestItStandIn.TestRun run = testIt.Runs.Single();
        Assert.HasCount(25, run.Rows);
        Assert.IsTrue(run.Rows.All(row => row.StatusType == "Succeeded"));
        Assert.IsEmpty(testIt.Violations.Concat(testIt.Check(run)));
    }

    private async Task<int> ResendAsync(Dictionary<string, string> environment)
    {
        using ServerProcess resend = ServerProcess.StartWith(environment, "--resend", "--directory", _folder.Path, "--completionTimeout", "5");
        return await resend.WaitForExitAsync();
    }

    private static readonly Dictionary<string, string> Token = new() { ["TMS_PRIVATE_TOKEN"] = new TestItOptions().Token };

    private Report ReadReport(string testRunId)
        => JsonSerializer.Deserialize(File.ReadAllBytes(new RunFolder(_folder.Path, testRunId).ReportPath), ReportJson.Default.Report)!;

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}

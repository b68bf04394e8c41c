using SyncStorage.Protocol;
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

    private static readonly Dictionary<string, string> Token = new() { ["TMS_PRIVATE_TOKEN"] = new TestItOptions().Token };
}

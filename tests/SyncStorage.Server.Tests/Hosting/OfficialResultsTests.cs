using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.Hosting;

[TestClass]
public sealed class OfficialResultsTests
{
    [TestMethod]
    public async Task The_servers_own_token_is_never_sent_to_an_address_that_a_client_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string clientsAddress = $"http://{listener.LocalEndpoint}";
        using var log = new ServerLog(TimeProvider.System);
        var official = new OfficialResults(baseUrl: null, privateToken: "canary", log, TimeProvider.System);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        Task<bool> finalizing = official.FinalizeAsync(new RunSettings { TestRunId = "R" }, new RegisteredAddress(clientsAddress, "theirs"), new TestResultCut { AutoTestExternalId = "x" }, deadline.Token);
        using TcpClient asked = await listener.AcceptTcpClientAsync(deadline.Token);
        byte[] buffer = new byte[4096];
        int read = await asked.GetStream().ReadAsync(buffer, deadline.Token);
        string request = System.Text.Encoding.ASCII.GetString(buffer, 0, read);
        StringAssert.Contains(request, "theirs");
        Assert.IsFalse(request.Contains("canary", StringComparison.Ordinal));
        asked.Close();
        listener.Stop();
        await deadline.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => finalizing).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [TestMethod]
    [DataRow("registered", "theirs", "registered", "theirs", DisplayName = "address and token of the run win over the command line's")]
    [DataRow("", "", "own", "own token", DisplayName = "a client that has neither")]
    [DataRow("own/api/v2/", "", "own", "own token", DisplayName = "a client that names our Test IT and no token")]
    [DataRow("", "theirs", "own", "theirs", DisplayName = "a client that has a token only")]
    public async Task A_run_is_finalized_through_its_own_address_and_token(string clientsAddress, string clientsToken, string address, string token)
    {
        await using TestItServer own = await TestItServer.StartAsync(new TestItOptions { Token = "own token", AutoClose = false });
        await using TestItServer theirs = await TestItServer.StartAsync(new TestItOptions { Token = "theirs", AutoClose = false });
        TestItServer expected = address == "own" && token == "theirs" ? own : address == "own" ? own : theirs;
        var run = expected.AddRun();
        ResultRow row = expected.AddPlannedRow(run, "x");
        using var log = new ServerLog(TimeProvider.System);
        var official = new OfficialResults(own.Url, "own token", log, TimeProvider.System);
        string url = clientsAddress.Replace("registered", theirs.Url, StringComparison.Ordinal).Replace("own", own.Url, StringComparison.Ordinal);
        bool finalized = await FinalizeAsync(official, run.Id, new RegisteredAddress(url, clientsToken));
        // Our Test IT does not know that token: which one was used shows in its answer.
        Assert.AreEqual(expected == theirs || token == "own token", finalized);
        Assert.AreEqual(finalized ? "Succeeded" : "InProgress", row.StatusType);
        Assert.IsEmpty((expected == own ? theirs : own).Requests);
    }

    [TestMethod]
    public async Task A_result_that_lies_where_only_a_client_could_reach_it_is_not_called_final()
    {
        await using TestItServer theirs = await TestItServer.StartAsync();
        using var log = new ServerLog(TimeProvider.System);
        var official = new OfficialResults("http://127.0.0.1:9", "own token", log, TimeProvider.System);
        Assert.IsFalse(await FinalizeAsync(official, "R", new RegisteredAddress(theirs.Url, null)));
        Assert.IsEmpty(theirs.Requests);
    }

    private static Task<bool> FinalizeAsync(OfficialResults official, string testRunId, RegisteredAddress registered)
        => official.FinalizeAsync(
            new RunSettings { TestRunId = testRunId },
            registered,
            new TestResultCut { AutoTestExternalId = "x", StatusType = "Succeeded" },
            CancellationToken.None);

    [TestMethod]
    public async Task Without_address_or_token_the_result_is_final_in_the_report()
    {
        using var log = new ServerLog(TimeProvider.System);
        var official = new OfficialResults(baseUrl: null, privateToken: "token", log, TimeProvider.System);
        Assert.IsTrue(await official.FinalizeAsync(new RunSettings { TestRunId = "R" }, null, new TestResultCut { AutoTestExternalId = "x" }, CancellationToken.None));
    }
}

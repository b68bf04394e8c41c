using System.Net;
using System.Net.Sockets;
using SyncStorage.Protocol;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Runs;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Server.Tests.TestIt;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.Hosting;

[TestClass]
public sealed class OfficialResultsTests
{
    private static readonly TestResultCut Cut = new() { AutoTestExternalId = "js-1", StatusType = "Succeeded" };

    private readonly FakeDeliveryLog _log = new();

    [TestMethod]
    public async Task The_servers_own_token_is_never_sent_to_an_address_that_a_client_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string clientsAddress = $"http://{listener.LocalEndpoint}";
        OfficialResults official = Official(baseUrl: null, "canary");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        Task<bool> finalizing = official.FinalizeAsync(new RunSettings { TestRunId = "R" }, new RegisteredAddress(clientsAddress, "theirs"), Cut, _log, deadline.Token);
        using TcpClient asked = await listener.AcceptTcpClientAsync(deadline.Token);
        byte[] buffer = new byte[4096];
        int read = await asked.GetStream().ReadAsync(buffer, deadline.Token);
        string request = System.Text.Encoding.ASCII.GetString(buffer, 0, read);
        StringAssert.Contains(request, "theirs");
        Assert.IsFalse(request.Contains("canary", StringComparison.Ordinal));
        asked.Close();
        listener.Stop();
        await deadline.CancelAsync();
        Assert.IsFalse(await finalizing);
    }

    [TestMethod]
    public async Task Without_any_address_the_result_is_final_in_the_report()
        => Assert.IsTrue(await Official(baseUrl: null, "token").FinalizeAsync(new RunSettings { TestRunId = "R" }, null, Cut, _log, CancellationToken.None));

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
        var official = Official(own.Url, "own token");
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
        var official = Official("http://127.0.0.1:9", "own token");
        Assert.IsFalse(await FinalizeAsync(official, "R", new RegisteredAddress(theirs.Url, null)));
        Assert.IsEmpty(theirs.Requests);
    }

    private Task<bool> FinalizeAsync(OfficialResults official, string testRunId, RegisteredAddress registered)
        => official.FinalizeAsync(
            new RunSettings { TestRunId = testRunId },
            registered,
            new TestResultCut { AutoTestExternalId = "x", StatusType = "Succeeded" },
            _log,
            CancellationToken.None);

    [TestMethod]
    [DataRow("http://127.0.0.1:1", null)]
    [DataRow(null, "http://127.0.0.1:1")]
    public async Task With_an_address_and_no_token_it_is_told_and_left(string? baseUrl, string? named)
    {
        RegisteredAddress? registered = named is null ? null : new RegisteredAddress(named, null);
        Assert.IsFalse(await Official(baseUrl, null).FinalizeAsync(new RunSettings { TestRunId = "R" }, registered, Cut, _log, CancellationToken.None));
        AssertTold("js-1", "--resend", "TMS_PRIVATE_TOKEN");
    }

    [TestMethod]
    public async Task A_refused_token_is_asked_once_and_told_with_what_is_left()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        Assert.IsFalse(await Official(testIt.Url, "wrong").FinalizeAsync(new RunSettings { TestRunId = testIt.AddRun().Id }, null, Cut, _log, CancellationToken.None));
        Assert.HasCount(1, testIt.Requests);
        CollectionAssert.Contains(_log.Codes.ToList(), "SYNC0011");
        AssertTold("js-1", "--resend");
    }

    [TestMethod]
    public async Task A_run_that_Test_IT_does_not_know_is_given_up()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        Assert.IsFalse(await Official(testIt.Url, new TestItOptions().Token).FinalizeAsync(new RunSettings { TestRunId = Guid.NewGuid().ToString() }, null, Cut, _log, CancellationToken.None));
        Assert.IsTrue(_log.IsRefused);
        CollectionAssert.AreEqual(new[] { "SYNC0012" }, _log.Codes.ToList());
    }

    [TestMethod]
    public async Task An_outage_is_told_at_its_first_failure_and_waited_out()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        TestItStandIn.TestRun run = testIt.AddRun();
        ResultRow row = testIt.AddPlannedRow(run, "js-1");
        testIt.Faults.ErrorRate = 1;
        Task<bool> finalizing = Official(testIt.Url, new TestItOptions().Token).FinalizeAsync(new RunSettings { TestRunId = run.Id }, null, Cut, _log, CancellationToken.None);
        await PublisherFixture.UntilAsync(() => _log.Codes.Contains("SYNC0015"), "the notice");
        Assert.IsLessThan(4, testIt.Requests.Count, "told at the first failure");
        AssertTold("js-1", "--resend");
        await PublisherFixture.UntilAsync(() => testIt.Requests.Count > 8, "several tries");
        testIt.Faults.ErrorRate = 0;
        Assert.IsTrue(await finalizing);
        Assert.AreEqual("Succeeded", row.StatusType);
        Assert.AreEqual(1, _log.Codes.Count(code => code == "SYNC0015"));
        Assert.IsEmpty(testIt.Violations);
    }

    private static OfficialResults Official(string? baseUrl, string? token) => new(baseUrl, token, PublisherFixture.Quick, TimeProvider.System);

    private void AssertTold(params string[] words)
    {
        string told = _log.Notices.Single(notice => notice.Code == "SYNC0015").Message;
        Assert.IsTrue(words.All(word => told.Contains(word, StringComparison.Ordinal)), told);
    }
}

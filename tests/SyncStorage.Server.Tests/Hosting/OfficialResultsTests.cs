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
    public async Task Without_address_or_token_the_result_is_final_in_the_report()
    {
        using var log = new ServerLog(TimeProvider.System);
        var official = new OfficialResults(baseUrl: null, privateToken: "token", log, TimeProvider.System);
        Assert.IsTrue(await official.FinalizeAsync(new RunSettings { TestRunId = "R" }, null, new TestResultCut { AutoTestExternalId = "x" }, CancellationToken.None));
    }
}

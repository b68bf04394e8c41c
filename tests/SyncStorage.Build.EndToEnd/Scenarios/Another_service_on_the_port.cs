using System.Net;
using System.Net.Sockets;
using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

[TestClass]
public sealed class Another_service_on_the_port
{
    [TestMethod]
    public async Task A_foreign_one_is_left_alone_and_a_free_port_is_taken()
    {
        using var foreign = new TcpListener(IPAddress.Loopback, 0);
        foreign.Start();
        int port = ((IPEndPoint)foreign.LocalEndpoint).Port;
        using var user = new UserFolder();
        user.WithMSTest();

        CommandResult run = await user.TestAsync("Unit", $"-p:SyncStoragePort={port}");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual(3, user.Report.AssertWhole().Results.Observed);
        StringAssert.Contains(user.Report.Log + run.Output, "SYNC0005");
        user.Passed();
    }

    [TestMethod]
    public async Task An_official_one_elects_and_is_not_stopped()
    {
        await using OfficialService official = await OfficialService.StartAsync();
        using var user = new UserFolder();
        user.WithMSTest().WithXunit().WithSolution();

        CommandResult run = await user.TestAsync($"-p:SyncStoragePort={new System.Uri(official.Url).Port}");

        AssertTookPart(official, user, run);
        user.Passed();
    }

    [TestMethod]
    public async Task The_one_at_SyncStorageUrl_elects()
    {
        await using OfficialService official = await OfficialService.StartAsync();
        using var user = new UserFolder();
        user.WithMSTest().WithXunit().WithSolution();

        CommandResult run = await user.TestAsync($"-p:SyncStorageUrl={official.Url}");

        AssertTookPart(official, user, run);
        user.Passed();
    }

    private static void AssertTookPart(OfficialService official, UserFolder user, CommandResult run)
    {
        Assert.AreEqual(0, run.ExitCode, run.Output);
        Report report = user.Report.AssertWhole();
        Assert.AreEqual(7, report.Results.Observed);
        Assert.AreEqual(2, official.Bodies("/register").Distinct().Count(), "both workers registered there");
        Assert.AreEqual(official.Held, report.InProgress!.AutoTestExternalId);
        Assert.AreEqual(2, official.Bodies("/set_worker_status").Count(body => body.Contains("completed")), "both workers completed there");
        Assert.IsEmpty(official.Bodies("/shutdown"));
    }
}

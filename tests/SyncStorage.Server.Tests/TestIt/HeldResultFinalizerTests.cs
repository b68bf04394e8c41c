using SyncStorage.Protocol;
using SyncStorage.Server.TestIt;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
public sealed class HeldResultFinalizerTests
{
    private static readonly TestResultCut Cut = new() { AutoTestExternalId = "js-1", StatusType = "Succeeded", StatusCode = "passed", StartedOn = "2026-01-01T00:00:00Z" };

    [TestMethod]
    [DataRow(Flavour.V2)]
    [DataRow(Flavour.Adapters)]
    public async Task The_row_with_exactly_this_id_gets_its_final_status_and_no_other_is_touched(Flavour flavour)
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false, Flavour = flavour });
        var run = testIt.AddRun();
        ResultRow other = testIt.AddPlannedRow(run, "js-10");
        ResultRow ours = testIt.AddPlannedRow(run, "js-1");
        Assert.IsTrue(await FinalizeAsync(testIt, run.Id));
        Assert.AreEqual("Succeeded", ours.StatusType);
        Assert.AreEqual("Passed", ours.StatusCode);
        Assert.AreEqual("InProgress", other.StatusType);
        Assert.AreEqual(0, other.Updates);
        Assert.IsEmpty(testIt.Violations);
        RecordedRequest put = testIt.Requests.Single(request => request.Method == "PUT");
        Assert.AreEqual("""{"statusCode":"Passed","statusType":"Succeeded"}""", put.Body);
    }

    [TestMethod]
    public async Task A_row_with_a_test_point_is_preferred()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        var run = testIt.AddRun();
        ResultRow loose = testIt.AddPlannedRow(run, "js-1");
        ResultRow bound = testIt.AddPlannedRow(run, "js-1", Guid.NewGuid().ToString(), new Dictionary<string, string> { ["a"] = "1" });
        Assert.IsTrue(await FinalizeAsync(testIt, run.Id));
        Assert.AreEqual("Succeeded", bound.StatusType);
        Assert.AreEqual("InProgress", loose.StatusType);
    }

    [TestMethod]
    public async Task A_row_is_found_on_a_later_page()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        var run = testIt.AddRun();
        for (int i = 10; i < 250; i++)
        {
            testIt.AddPlannedRow(run, "js-" + i);
        }

        ResultRow ours = testIt.AddPlannedRow(run, "js-1");
        Assert.IsTrue(await FinalizeAsync(testIt, run.Id));
        Assert.AreEqual("Succeeded", ours.StatusType);
    }

    [TestMethod]
    public async Task A_row_is_created_only_when_there_is_none()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        var run = testIt.AddRun();
        testIt.AddAutoTest("js-1", "one");
        Assert.IsTrue(await FinalizeAsync(testIt, run.Id));
        Assert.IsTrue(await FinalizeAsync(testIt, run.Id));
        Assert.AreEqual("Succeeded", run.Rows.Single().StatusType);
        Assert.IsEmpty(testIt.Violations);
    }

    [TestMethod]
    public async Task A_final_row_that_the_client_wrote_is_respected_and_a_planned_row_with_other_parameters_is_left_alone()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        var run = testIt.AddRun();
        testIt.AddAutoTest("js-1", "one");
        ResultRow final = testIt.AddPlannedRow(run, "js-1");
        final.StatusType = final.StatusCode = "Failed";
        ResultRow planned = testIt.AddPlannedRow(run, "js-1", Guid.NewGuid().ToString(), new Dictionary<string, string> { ["browser"] = "firefox" });
        Assert.IsTrue(await FinalizeAsync(testIt, run.Id));
        Assert.AreEqual(("Failed", "InProgress"), (final.StatusType, planned.StatusType));
        Assert.HasCount(2, run.Rows);
        Assert.IsFalse(testIt.Requests.Any(request => request.Method == "PUT" || request.Path.EndsWith("/testResults", StringComparison.Ordinal)), "written");
    }

    [TestMethod]
    public async Task Rows_that_nothing_tells_apart_are_left_alone_and_the_user_is_told()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        var run = testIt.AddRun();
        foreach (string browser in new[] { "chrome", "firefox" })
        {
            testIt.AddPlannedRow(run, "js-1", Guid.NewGuid().ToString(), new Dictionary<string, string> { ["browser"] = browser });
        }

        var notices = new List<string?>();
        Assert.IsFalse(await FinalizeAsync(testIt, run.Id, notices.Add));
        Assert.IsTrue(run.Rows.All(row => row.IsInProgress && row.Updates == 0));
        CollectionAssert.AreEqual(new[] { "SYNC0012" }, notices);
    }

    [TestMethod]
    public async Task A_large_run_is_not_read_whole_for_one_row()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        var run = testIt.AddRun();
        testIt.AddAutoTest("js-1", "one");
        for (int i = 10; i < 2500; i++)
        {
            testIt.AddPlannedRow(run, "js-" + i);
        }

        ResultRow ours = testIt.AddPlannedRow(run, "js-1");
        ResultRow others = testIt.AddPlannedRow(run, "js-1", null, new Dictionary<string, string> { ["a"] = "1" });
        others.StatusType = others.StatusCode = "Failed";
        testIt.ClearRequests();
        Assert.IsTrue(await FinalizeAsync(testIt, run.Id));
        Assert.AreEqual("InProgress", ours.StatusType, "the client has written its final row");
        Assert.IsLessThan(12, testIt.Requests.Count);
    }

    private static async Task<bool> FinalizeAsync(TestItServer testIt, string runId, Action<string?>? notice = null)
    {
        var settings = new RunSettings { Url = testIt.Url };
        using TestItClient client = TestItClient.For(settings, new TestItOptions().Token, PublisherFixture.Quick, TimeProvider.System);
        return await new HeldResultFinalizer(client, settings, null, told => notice?.Invoke(told.Code)).FinalizeAsync(runId, Cut, CancellationToken.None);
    }
}

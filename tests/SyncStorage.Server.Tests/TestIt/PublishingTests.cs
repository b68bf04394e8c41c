using SyncStorage.Results;
using SyncStorage.Server.Results;
using TestItStandIn;
using static SyncStorage.Server.Tests.TestIt.PublisherFixture;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
public sealed class PublishingTests
{
    [TestMethod]
    [DataRow(Flavour.V2)]
    [DataRow(Flavour.Adapters)]
    [DataRow(Flavour.Both)]
    public async Task A_run_is_published_whole_and_closes_when_the_held_result_is_final(Flavour flavour)
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { Flavour = flavour });
        ObservedResult first = Result("First", "Failed");
        run.Publish(Result("Second"));
        run.Publish(Result("Third", "Skipped"));
        run.Publish(first, held: true);
        Assert.IsTrue(await run.CompleteAsync(first), run.NoticesText);
        run.AssertNoViolation();
        Assert.AreEqual("Completed", run.Run.State);
        Assert.AreEqual(1, run.Run.HeldPosts);
        Assert.AreEqual("InProgress", run.Run.Rows[0].Body["statusType"]!.GetValue<string>());
        Assert.AreEqual("it failed", run.Run.Rows[0].Message);
        CollectionAssert.AreEquivalent(new[] { "Failed", "Incomplete", "Succeeded" }, run.Run.Rows.Select(row => row.StatusType).ToArray());
        Assert.AreEqual(3, run.Log.Count(Delivery.Sent));
        Assert.StartsWith(run.TestIt.Url, run.Publisher.TestRunUrl!);
        AutoTest test = run.TestIt.AutoTests.Single(one => one.Name == "First");
        Assert.AreEqual("N", test.Namespace);
        Assert.AreEqual("C", test.ClassName);
    }

    [TestMethod]
    public async Task Nothing_is_posted_before_the_held_result()
    {
        await using PublisherFixture run = await StartAsync();
        run.Publish(Result("Second"));
        await UntilAsync(() => run.Publisher.TestRunId is not null, "the run is open");
        await Task.Delay(400);
        Assert.IsEmpty(run.Run.Rows);
        run.Publisher.ReleaseOthers();
        await UntilAsync(() => run.Run.Rows.Count == 1, "the other result");
    }

    [TestMethod]
    public async Task A_thousand_tests_cost_at_most_fifty_requests()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { Latency = TimeSpan.FromMilliseconds(20) }, timing: new Server.TestIt.Api.TestItTiming());
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        for (int i = 1; i < 1000; i++)
        {
            run.Publish(Result("Test" + i));
            if (i % 100 == 0)
            {
                await Task.Delay(50);
            }
        }

        Assert.IsTrue(await run.CompleteAsync(held));
        run.AssertNoViolation();
        Assert.HasCount(1000, run.Run.Rows);
        Assert.IsLessThanOrEqualTo(50, run.TestIt.Requests.Count, string.Join("\n", run.TestIt.Requests));
        Assert.IsLessThan(1024 * 1024, run.TestIt.Requests.Sum(request => request.AnswerBytes));
        Assert.IsLessThanOrEqualTo(4, run.TestIt.MostConcurrent);
    }

    [TestMethod]
    public async Task A_second_run_finds_its_autotests_and_updates_none()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false });
        run.Publisher.ReleaseOthers();
        run.Publish(Result("One"));
        await run.CompleteAsync();
        await run.Publisher.DisposeAsync();
        run.TestIt.ClearRequests();
        run.Open();
        run.Publisher.ReleaseOthers();
        run.Publish(Result("Two"));
        run.Publish(Result("One", displayName: "another"));
        await run.CompleteAsync();
        run.AssertNoViolation();
        Assert.AreEqual(1, run.TestIt.Requests.Count(request => request.Path.EndsWith("/bulk", StringComparison.Ordinal)));
    }

    [TestMethod]
    public async Task Mode_2_creates_one_run_with_name_tags_and_links_and_completes_it()
    {
        await using PublisherFixture run = await StartAsync(
            new TestItOptions { AutoClose = false },
            settings => settings with { TestRunName = "Nightly", TestRunTags = ["a", "b"], TestRunLinks = """[{"url":"https://ci/1","title":"CI"}]""" },
            mode: 2);
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        run.Publish(Result("Other"));
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolation();
        Assert.HasCount(1, run.TestIt.Runs);
        Assert.AreEqual("Completed", run.Run.State);
        Assert.AreEqual("Nightly", run.Run.Name);
        Assert.AreEqual("""["a","b"]""", run.Run.Tags.ToJsonString());
        Assert.AreEqual("https://ci/1", run.Run.Links[0]!["url"]!.GetValue<string>());
        CollectionAssert.AreEqual(new[] { run.Run.Id }, run.Log.Created);
    }

    [TestMethod]
    public async Task Mode_1_leaves_the_run_to_its_owner_but_starts_it()
    {
        await using PublisherFixture run = await StartAsync(
            new TestItOptions { AutoClose = false }, settings => settings with { TestRunTags = ["new"] }, prepare: server => server.Runs[0].State = "NotStarted");
        run.TestIt.Runs[0].Tags.Add("old");
        run.Publisher.ReleaseOthers();
        run.Publish(Result("One"));
        Assert.IsTrue(await run.CompleteAsync());
        run.AssertNoViolation();
        Assert.AreEqual("InProgress", run.Run.State);
        Assert.AreEqual(1, run.Log.Count(Delivery.Sent));
        Assert.Contains("new", run.Run.Tags.ToJsonString());
    }

    [TestMethod]
    public async Task Mode_0_takes_the_planned_rows_over()
    {
        ObservedResult held = Result("Held");
        ObservedResult other = Result("Other", "Failed");
        await using PublisherFixture run = await StartAsync(mode: 0, prepare: server =>
        {
            foreach (ObservedResult planned in new[] { held, other })
            {
                string id = TestIdentity.Of(planned, "Official").ExternalId;
                server.AddAutoTest(id, planned.FullyQualifiedName);
                server.AddPlannedRow(server.Runs[0], id, Guid.NewGuid().ToString());
            }
        });
        run.Publish(held, held: true);
        run.Publish(other);
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolation();
        Assert.HasCount(2, run.Run.Rows);
        Assert.AreEqual(0, run.Run.HeldPosts);
        Assert.AreEqual("Completed", run.Run.State);
        CollectionAssert.AreEqual(new[] { "Succeeded", "Failed" }, run.Run.Rows.Select(row => row.StatusType).ToArray());
    }

    [TestMethod]
    public async Task Rows_of_one_test_never_share_a_request_and_differ_in_parameters()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false });
        run.Publisher.ReleaseOthers();
        for (int i = 0; i < 20; i++)
        {
            run.Publish(Result("Add", displayName: $"Add ({i},2)"));
        }

        run.Publish(Result("Add", displayName: "Add (1,2)"), targetFramework: "net8.0");
        Assert.IsTrue(await run.CompleteAsync());
        run.AssertNoViolation();
        Assert.HasCount(21, run.Run.Rows);
        Assert.Contains(row => row.Parameters.GetValueOrDefault("targetFramework") == "net8.0", run.Run.Rows);
    }

    [TestMethod]
    public async Task Attempts_of_one_test_are_one_result_with_the_last_outcome_and_the_time_of_all()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false });
        run.Publisher.ReleaseOthers();
        run.Publish(Result("Flaky", "Failed"));
        run.Publish(Result("Flaky", "Failed"), worker: "its second process");
        await UntilAsync(() => run.Run.Rows.Count == 1, "the first attempts");
        run.Publish(Result("Flaky"), worker: "its third process");
        Assert.IsTrue(await run.CompleteAsync());
        run.AssertNoViolation();
        Assert.AreEqual("Succeeded", run.Run.Rows.Single().StatusType);
        Assert.AreEqual(21, run.Run.Rows.Single().Duration);
        Assert.AreEqual(3, run.Log.Count(Delivery.Sent));
    }

    [TestMethod]
    public async Task A_further_attempt_of_the_held_test_decides_its_final_status()
    {
        await using PublisherFixture run = await StartAsync();
        ObservedResult held = Result("Flaky", "Failed");
        run.Publish(held, held: true);
        run.Publish(Result("Other"));
        await UntilAsync(() => run.Run.Rows.Count == 2, "both");
        run.Publish(Result("Flaky"), worker: "its second process");
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolation();
        Assert.AreEqual("Succeeded", run.Run.Rows[0].StatusType);
        Assert.AreEqual(14, run.Run.Rows[0].Duration);
    }

    [TestMethod]
    public async Task Without_realtime_the_results_go_out_at_the_end()
    {
        await using PublisherFixture run = await StartAsync(settings: settings => settings with { ImportRealtime = false });
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        for (int i = 0; i < 150; i++)
        {
            run.Publish(Result("Test" + i));
        }

        await UntilAsync(() => run.Run.Rows.Count == 1, "the held result");
        await Task.Delay(400);
        Assert.HasCount(1, run.Run.Rows);
        Assert.IsTrue(await run.CompleteAsync(held));
        Assert.HasCount(151, run.Run.Rows);
        run.AssertNoViolation();
    }

    [TestMethod]
    public async Task A_held_result_that_never_came_is_found_or_created_from_its_cut()
    {
        await using PublisherFixture run = await StartAsync(prepare: server => server.AddAutoTest(TestIdentity.Of(Result("Lost"), "Official").ExternalId, "Lost"));
        Assert.IsTrue(await run.CompleteAsync(Result("Lost")), run.NoticesText);
        run.AssertNoViolation();
        Assert.AreEqual("Succeeded", run.Run.Rows.Single().StatusType);
    }

    [TestMethod]
    public async Task Work_items_are_linked_and_unknown_ones_asked_for_once()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false });
        run.Publisher.ReleaseOthers();
        foreach (string name in new[] { "One", "Two" })
        {
            run.Publish(Result(name) with { Traits = [new ResultTrait { Name = "WorkItemIds", Value = "1, 999" }, new ResultTrait { Name = "Labels", Value = "fast" }] });
        }

        Assert.IsTrue(await run.CompleteAsync());
        run.AssertNoViolation();
        CollectionAssert.AreEqual(new[] { "1" }, run.TestIt.AutoTests[0].WorkItems.ToArray());
        Assert.AreEqual(1, run.TestIt.Requests.Count(request => request.Body?.Contains("999", StringComparison.Ordinal) == true && request.Path.EndsWith("workItems", StringComparison.Ordinal)));
    }

    [TestMethod]
    public async Task Attachments_are_uploaded_once()
    {
        string path = System.IO.Path.GetTempFileName();
        System.IO.File.WriteAllText(path, "content");
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false });
        run.Publisher.ReleaseOthers();
        run.Publish(Result("One") with { Attachments = [path, "/no/such/file.txt"] });
        run.Publish(Result("Two") with { Attachments = [path] });
        Assert.IsTrue(await run.CompleteAsync());
        run.AssertNoViolation();
        Assert.HasCount(1, run.TestIt.Files);
        Assert.AreEqual(7, run.TestIt.Files[0].Size);
        Assert.IsTrue(run.Run.Rows.All(row => row.Body["attachments"]![0]!["id"]!.GetValue<string>() == run.TestIt.Files[0].Id));
        System.IO.File.Delete(path);
    }

    [TestMethod]
    public async Task A_created_run_is_completed_after_the_result_that_somebody_else_holds_open()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false }, mode: 2);
        run.Publisher.ReleaseOthers();
        run.Publish(Result("Ours"));
        await UntilAsync(() => run.TestIt.Runs.Count > 0 && run.Log.Count(Delivery.Sent) == 1, "the run");
        ObservedResult theirs = Result("Theirs", "Failed");
        string id = TestIdentity.Of(theirs, "Official").ExternalId;
        run.TestIt.AddAutoTest(id, "Theirs");
        ResultRow row = run.TestIt.AddPlannedRow(run.Run, id);

        Assert.IsTrue(await run.CompleteAsync(theirs), run.NoticesText);

        Assert.AreEqual(("Failed", "Completed"), (row.StatusType, run.Run.State));
        run.AssertNoViolation();
    }
}

using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;
using TestItStandIn;
using static SyncStorage.Server.Tests.TestIt.PublisherFixture;

namespace SyncStorage.Server.Tests.TestIt;

/// <summary>
/// Every result is a row of its own, with its own outcome: whatever else has its name, whichever is held back, and whether or not Test IT gives a
/// final result to an open row. The stand-in closes the run as soon as nothing in it is open.
/// </summary>
[TestClass]
public sealed class RowsTests
{
    [TestMethod]
    [DataRow(MergeRule.Never)]
    [DataRow(MergeRule.EqualOrEmpty)]
    public async Task Twins_of_the_held_result_keep_their_rows_and_outcomes(MergeRule rule)
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { MergeRule = rule });
        ObservedResult held = Result("Pays");
        run.Publish(held, held: true);
        run.Publish(Result("Pays", "Failed") with { Twin = 1 });
        run.Publish(Result("Other"));
        run.Publish(Result("Pays", "Skipped") with { Twin = 2 });
        run.Publish(Result("Pays", "Failed") with { ProjectFile = "/x/Beta.csproj" });
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertRows("Pays {}: Succeeded", "Pays {repeat=2}: Failed", "Pays {repeat=3}: Incomplete", "Pays {project=Beta}: Failed", "Other {}: Succeeded");
        Assert.AreEqual("Completed", run.Run.State);
        Assert.AreEqual((1, 3), (run.Run.HeldPosts, run.Run.EvadingPosts));
        ResultRow failed = run.Run.Rows.First(row => row.StatusType == "Failed");
        Assert.AreEqual(("it failed", 7L), (failed.Message, failed.Duration));
    }

    [TestMethod]
    [DataRow(MergeRule.Never)]
    [DataRow(MergeRule.EqualOrEmpty)]
    public async Task A_held_result_with_parameters_swallows_nothing_so_nothing_is_done_in_two_steps(MergeRule rule)
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { MergeRule = rule });
        ObservedResult held = Result("Pays") with { FrameworkOfSeveral = "net8.0" };
        run.Publish(held, held: true, targetFramework: "net8.0");
        run.Publish(Result("Pays", "Failed") with { FrameworkOfSeveral = "net10.0" }, worker: "another");
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertRows("Pays {targetFramework=net10.0}: Failed", "Pays {targetFramework=net8.0}: Succeeded");
        Assert.AreEqual((1, 0), (run.Run.HeldPosts, run.Run.EvadingPosts));
    }

    [TestMethod]
    [DataRow("POST", "testResults")]
    [DataRow("PUT", "testResults/")]
    public async Task A_twin_whose_answer_gets_lost_is_there_once(string method, string path)
    {
        foreach (MergeRule rule in Enum.GetValues<MergeRule>())
        {
            await using PublisherFixture run = await StartAsync(new TestItOptions { MergeRule = rule });
            ObservedResult held = Result("Pays", "Failed");
            run.Publish(held, held: true);
            await UntilAsync(() => run.Run.Rows.Count == 1, "the held result");
            run.TestIt.Faults.Applies = (asked, where) => asked == method && (path.EndsWith('/') ? where.Contains(path, StringComparison.Ordinal) : where.EndsWith(path, StringComparison.Ordinal));
            run.TestIt.Faults.CutAfterCommit(3);
            run.Publish(Result("Pays") with { Twin = 1 });
            run.Publish(Result("Pays", "Skipped") with { Twin = 2 });
            Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
            run.AssertRows("Pays {}: Failed", "Pays {repeat=2}: Succeeded", "Pays {repeat=3}: Incomplete");
            Assert.AreEqual(7, run.Run.Rows[1].Duration);
            Assert.AreEqual("Completed", run.Run.State);
        }
    }

    [TestMethod]
    [DataRow(MergeRule.Never)]
    [DataRow(MergeRule.EqualOrEmpty)]
    public async Task A_server_killed_between_the_two_steps_of_a_twin_has_a_successor_that_takes_the_second(MergeRule rule)
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { MergeRule = rule });
        ObservedResult held = Result("Pays", "Failed");
        StoredResult heldStored = run.Publish(held, held: true);
        await UntilAsync(() => run.Run.Rows.Count == 1, "the held result");
        run.TestIt.Faults.Applies = (method, _) => method == "PUT";
        run.TestIt.Faults.BlackHole = true;
        StoredResult twin = run.Publish(Result("Pays") with { Twin = 1 });
        StoredResult third = run.Publish(Result("Pays", "Skipped") with { Twin = 2 });
        await UntilAsync(() => run.TestIt.Requests.Any(request => request.Method == "PUT"), "the second step");
        await run.Publisher.DisposeAsync();
        run.TestIt.Faults.BlackHole = false;
        Assert.AreEqual("InProgress", run.Run.State);

        run.Open(knownTestRunId: run.Run.Id);
        run.Publisher.Publish(heldStored with { Unclear = true }, held: true);
        run.Publisher.Publish(twin with { Unclear = true }, held: false);
        run.Publisher.Publish(third, held: false);
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertRows("Pays {}: Failed", "Pays {repeat=2}: Succeeded", "Pays {repeat=3}: Incomplete");
        Assert.AreEqual("Completed", run.Run.State);
    }

    [TestMethod]
    public async Task A_resend_killed_at_any_point_gives_twins_their_rows_all_the_same()
    {
        foreach (MergeRule rule in Enum.GetValues<MergeRule>())
        {
            for (int stopAfter = 1; stopAfter < 16; stopAfter++)
            {
                await using PublisherFixture run = await StartAsync(new TestItOptions { MergeRule = rule }, open: false);
                ObservedResult held = Result("Pays", "Failed");
                List<StoredResult> all = [Store(run, Result("Other")), Store(run, held)];
                all.Add(Store(run, Result("Pays") with { Twin = 1 }));
                all.Add(Store(run, Result("Pays", "Skipped") with { ProjectFile = "/x/Beta.csproj" }));
                int requests = 0;
                run.TestIt.Faults.Applies = (_, _) => Interlocked.Increment(ref requests) > stopAfter;
                run.TestIt.Faults.BlackHole = true;
                var left = new SpooledRun(run.Run.Id, all, [], 1, Cut(held));
                using (var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(300)))
                {
                    await Resend.RunAsync(run.Settings, Token, left, new FakeDeliveryLog { Source = run.Log.Read }, TimeProvider.System, Quick, deadline.Token);
                }

                run.TestIt.Faults.BlackHole = false;
                using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(30));
                Assert.IsTrue((await Resend.RunAsync(run.Settings, Token, left, run.Log, TimeProvider.System, Quick, enough.Token)).IsDone, $"stopped after {stopAfter}: {run.NoticesText}");
                run.AssertRows("Other {}: Succeeded", "Pays {}: Failed", "Pays {repeat=2}: Succeeded", "Pays {project=Beta}: Incomplete");
                Assert.AreEqual("Completed", run.Run.State);
            }
        }
    }

    [TestMethod]
    [DataRow(MergeRule.Never, 1)]
    [DataRow(MergeRule.EqualOrEmpty, 1)]
    [DataRow(MergeRule.Never, 2)]
    [DataRow(MergeRule.EqualOrEmpty, 2)]
    public async Task Rows_of_a_planned_autotest_are_told_apart_beside_the_planned_rows(MergeRule rule, int planned)
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { MergeRule = rule }, mode: 0, prepare: server =>
        {
            string id = TestIdentity.Of(Result("Pays"), "Official").ExternalId;
            server.AddAutoTest(id, "Pays");
            for (int i = 0; i < planned; i++)
            {
                server.AddPlannedRow(server.Runs[0], id, Guid.NewGuid().ToString());
            }
        });
        ObservedResult held = Result("Pays", "Failed", "Pays (1)");
        run.Publish(held, held: true);
        run.Publish(Result("Pays", "Passed", "Pays (2)"));
        run.Publish(Result("Pays", "Skipped", "Pays (3)"), worker: "another", targetFramework: "net8.0");
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolationButEqualRows(planned);
        CollectionAssert.AreEquivalent(new[] { "Failed", "Succeeded", "Incomplete" }, run.Run.Rows.Select(row => row.StatusType).ToArray());
        Assert.AreEqual("Completed", run.Run.State);
    }

    [TestMethod]
    [DataRow(MergeRule.Never)]
    [DataRow(MergeRule.EqualOrEmpty)]
    public async Task Another_coordinator_s_open_row_swallows_nothing_of_ours(MergeRule rule)
    {
        ResultRow theirs = null!;
        await using PublisherFixture run = await StartAsync(new TestItOptions { MergeRule = rule }, prepare: server =>
        {
            string id = TestIdentity.Of(Result("Pays"), "Official").ExternalId;
            server.AddAutoTest(id, "Pays");
            theirs = server.AddPlannedRow(server.Runs[0], id);
        });
        run.Publisher.ReleaseOthers();
        run.Publish(Result("Pays", "Failed"));
        run.Publish(Result("Pays", "Skipped", "Pays (3)"));
        Assert.IsTrue(await run.CompleteAsync(), run.NoticesText);
        Assert.AreEqual("InProgress", theirs.StatusType);
        CollectionAssert.AreEquivalent(new[] { "Failed", "Incomplete", "InProgress" }, run.Run.Rows.Select(row => row.StatusType).ToArray());
        Assert.IsEmpty(run.TestIt.Violations);
    }

    [TestMethod]
    public async Task A_run_that_is_continued_tells_the_projects_apart_as_it_began()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false });
        run.Publisher.ReleaseOthers();
        StoredResult first = run.Publish(Result("Pays", "Failed") with { ProjectFile = "/x/Alpha.csproj" });
        StoredResult second = run.Publish(Result("Pays") with { ProjectFile = "/x/Beta.csproj" }, worker: "w2");
        await UntilAsync(() => run.Log.Count(Delivery.Sent) == 2, "both");
        await run.Publisher.DisposeAsync();
        run.Open(knownTestRunId: run.Run.Id);
        run.Publisher.Restore(first);
        run.Publisher.Restore(second);
        run.Publisher.ReleaseOthers();
        run.Publish(Result("Pays", "Skipped") with { ProjectFile = "/x/Beta.csproj" }, worker: "the second run of Beta");
        Assert.IsTrue(await run.CompleteAsync(), run.NoticesText);
        run.AssertRows("Pays {}: Failed", "Pays {project=Beta}: Incomplete");
    }

    private static StoredResult Store(PublisherFixture run, ObservedResult result) => new(run.Log.Add(result), "w", "net10.0", false);
}

using Microsoft.Extensions.Time.Testing;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;
using TestItStandIn;
using static SyncStorage.Server.Tests.TestIt.PublisherFixture;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
public sealed class FaultTests
{
    [TestMethod]
    public async Task An_outage_in_the_middle_loses_and_doubles_nothing()
    {
        await using PublisherFixture run = await StartAsync();
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        for (int i = 0; i < 300; i++)
        {
            run.Publish(Result("Test" + i));
            if (i == 150)
            {
                await UntilAsync(() => run.Run.Rows.Count > 50, "some results");
                run.TestIt.Faults.Down = true;
            }
        }

        await UntilAsync(() => run.Log.Codes.Contains("SYNC0010"), "the outage is noticed");
        await Task.Delay(1000);
        run.TestIt.Faults.Down = false;
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolation();
        Assert.HasCount(301, run.Run.Rows);
        Assert.AreEqual(301, run.Log.Count(Delivery.Sent));
        Assert.AreEqual(1, run.Log.Codes.Count(code => code == "SYNC0010"));
    }

    /// <summary>With the delays of earnest, on a clock that runs fast.</summary>
    [TestMethod]
    public async Task A_minute_without_Test_IT_that_begins_with_lost_answers_loses_and_doubles_nothing()
    {
        var time = new FakeTimeProvider();
        await using PublisherFixture run = await StartAsync(open: false);
        run.Open(new TestItTiming { Attempt = TimeSpan.FromHours(1) }, time: time);
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        await PassAsync(() => run.Run.Rows.Count == 1);
        run.TestIt.Faults.Applies = (_, path) => run.TestIt.Faults.Down || path.EndsWith("testResults", StringComparison.Ordinal);
        run.TestIt.Faults.CutAfterCommit(2);
        for (int i = 0; i < 300; i++)
        {
            run.Publish(Result("Test" + i));
        }

        await PassAsync(() => run.Run.Rows.Count > 100);
        run.TestIt.Faults.Down = true;
        DateTimeOffset end = time.GetUtcNow().AddSeconds(60);
        await PassAsync(() => time.GetUtcNow() >= end);
        run.TestIt.Faults.Down = false;

        Task<bool> completed = run.CompleteAsync(held, seconds: 60);
        await PassAsync(() => completed.IsCompleted);
        Assert.IsTrue(await completed, run.NoticesText);
        run.AssertNoViolation();
        Assert.HasCount(301, run.Run.Rows);
        Assert.AreEqual(301, run.Log.Count(Delivery.Sent));

        async Task PassAsync(Func<bool> done)
        {
            for (int i = 0; i < 5000 && !done(); i++)
            {
                time.Advance(TimeSpan.FromMilliseconds(500));
                await Task.Delay(10);
            }
        }
    }

    [TestMethod]
    [DataRow("down")]
    [DataRow("html")]
    [DataRow("garbage")]
    [DataRow("500")]
    [DataRow("black hole")]
    public async Task An_outage_from_the_start_to_the_end_spools_everything(string kind)
    {
        await using PublisherFixture run = await StartAsync(prepare: server =>
        {
            server.Faults.Down = kind == "down";
            server.Faults.Html = kind == "html";
            server.Faults.Garbage = kind == "garbage";
            server.Faults.BlackHole = kind == "black hole";
            server.Faults.ErrorRate = kind == "500" ? 1 : 0;
        }, timing: Quick with { Attempt = TimeSpan.FromMilliseconds(300) });
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        for (int i = 0; i < 9; i++)
        {
            run.Publish(Result("Test" + i));
        }

        Assert.IsFalse(await run.CompleteAsync(held, seconds: 2));
        Assert.AreEqual(10, run.Log.Count(Delivery.Spooled), run.NoticesText);
        CollectionAssert.IsSubsetOf(new[] { "SYNC0010", "SYNC0015" }, run.Log.Codes.ToArray());
        Assert.IsEmpty(run.Run.Rows);
    }

    [TestMethod]
    public async Task An_outage_that_lasts_to_the_end_leaves_the_run_open_for_the_rest()
    {
        await using PublisherFixture run = await StartAsync();
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        run.Publish(Result("Sent"));
        await UntilAsync(() => run.Run.Rows.Count == 2, "two results");
        run.TestIt.Faults.Down = true;
        run.Publish(Result("Spooled"));
        Assert.IsFalse(await run.CompleteAsync(held, seconds: 1));
        Assert.AreEqual(1, run.Log.Count(Delivery.Sent));
        Assert.AreEqual(2, run.Log.Count(Delivery.Spooled));
        Assert.AreEqual("InProgress", run.Run.State);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Results_whose_answer_was_lost_are_looked_up_before_they_are_posted_again(bool answersBadGateway)
    {
        await using PublisherFixture run = await StartAsync();
        run.TestIt.Faults.Applies = (_, path) => path.EndsWith("testResults", StringComparison.Ordinal);
        if (answersBadGateway)
        {
            run.TestIt.Faults.FailAfterCommit(3);
        }
        else
        {
            run.TestIt.Faults.CutAfterCommit(3);
        }

        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        for (int i = 0; i < 50; i++)
        {
            run.Publish(Result("Test" + i));
            run.Publish(Result("Add", displayName: $"Add ({i})"));
        }

        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolation();
        Assert.HasCount(101, run.Run.Rows);
        Assert.AreEqual(101, run.Log.Count(Delivery.Sent));
    }

    /// <summary>Test IT closes the run by it: the same once more would come too late.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task A_final_status_whose_answer_was_lost_is_looked_up_before_it_is_given_again(bool answersBadGateway)
    {
        await using PublisherFixture run = await StartAsync();
        run.TestIt.Faults.Applies = (method, _) => method == "PUT";
        if (answersBadGateway)
        {
            run.TestIt.Faults.FailAfterCommit(1);
        }
        else
        {
            run.TestIt.Faults.CutAfterCommit(1);
        }

        ObservedResult held = Result("Held", "Failed");
        run.Publish(held, held: true);
        run.Publish(Result("Other"));
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolation();
        Assert.AreEqual("Completed", run.Run.State);
        Assert.AreEqual(1, run.TestIt.Requests.Count(request => request.Method == "PUT"));
        Assert.AreEqual(1, run.Log.Codes.Count(code => code == "SYNC0015"), run.NoticesText);
    }

    [TestMethod]
    public async Task A_run_that_could_not_be_completed_is_left_open()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false }, mode: 2);
        run.TestIt.Faults.Applies = (_, path) => path.EndsWith("/complete", StringComparison.Ordinal);
        run.TestIt.Faults.ErrorRate = 1;
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        Assert.IsTrue(await run.CompleteAsync(held, seconds: 2), "the held-back result is final");
        Assert.IsTrue(run.Log.IsLeftOpen);
        Assert.AreEqual(1, run.Log.Codes.Count(code => code == "SYNC0015"), run.NoticesText);
    }

    [TestMethod]
    public async Task Errors_and_too_many_requests_are_waited_out()
    {
        await using PublisherFixture run = await StartAsync();
        run.TestIt.Faults.ErrorRate = 0.3;
        run.TestIt.Faults.AnswerTooManyRequests(2);
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        for (int i = 0; i < 500; i++)
        {
            run.Publish(Result("Test" + i));
        }

        Assert.IsTrue(await run.CompleteAsync(held, 60), run.NoticesText);
        run.AssertNoViolation();
        Assert.HasCount(501, run.Run.Rows);
    }

    [TestMethod]
    public async Task A_wrong_token_is_one_question_and_one_diagnostic()
    {
        await using PublisherFixture run = await StartAsync(open: false);
        run.Open(token: "wrong");
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        run.Publish(Result("Other"));
        Assert.IsFalse(await run.CompleteAsync(held));
        Assert.HasCount(1, run.TestIt.Requests);
        Assert.AreEqual(1, run.Log.Codes.Count(code => code == "SYNC0011"));
        Assert.Contains("The private token is unknown", run.NoticesText);
        Assert.Contains("TMS_PRIVATE_TOKEN", run.NoticesText);
        Assert.AreEqual(2, run.Log.Count(Delivery.Spooled));
    }

    [TestMethod]
    [DataRow("project", "SYNC0012", "TMS_PROJECT_ID")]
    [DataRow("configuration", "SYNC0012", "TMS_CONFIGURATION_ID")]
    [DataRow("run", "SYNC0012", "TMS_TEST_RUN_ID")]
    [DataRow("completed", "SYNC0013", "TMS_TEST_RUN_ID")]
    public async Task A_wrong_setting_is_one_diagnostic_that_names_it(string what, string code, string setting)
    {
        const string nobody = "99999999-9999-9999-9999-999999999999";
        await using PublisherFixture run = await StartAsync(
            settings: settings => what switch
            {
                "project" => settings with { ProjectId = nobody },
                "configuration" => settings with { ConfigurationId = nobody },
                "run" => settings with { TestRunId = nobody },
                _ => settings,
            },
            prepare: server => server.Runs[0].State = what == "completed" ? "Completed" : "InProgress");
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        for (int i = 0; i < 200; i++)
        {
            run.Publish(Result("Test" + i));
        }

        Assert.IsFalse(await run.CompleteAsync(held));
        Diagnostic notice = run.Log.Notices.Single(one => one.Code == code);
        Assert.Contains(setting, notice.Message);
        Assert.AreEqual(201, run.Log.Count(Delivery.Spooled));
        Assert.IsLessThan(12, run.TestIt.Requests.Count, string.Join("\n", run.TestIt.Requests));
    }

    [TestMethod]
    public async Task A_run_that_is_completed_in_the_middle_ends_the_publishing()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false });
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        run.Publish(Result("Sent"));
        await UntilAsync(() => run.Run.Rows.Count == 2, "two results");
        run.Run.State = "Completed";
        run.Publish(Result("Late"));
        Assert.IsFalse(await run.CompleteAsync(held));
        Assert.Contains("SYNC0013", run.Log.Codes);
        Assert.AreEqual(1, run.Log.Count(Delivery.Sent));
        Assert.AreEqual(2, run.Log.Count(Delivery.Spooled));
    }

    [TestMethod]
    public async Task A_result_that_Test_IT_refuses_stops_no_other()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions
        {
            RefuseResult = id => id == "bad result" ? "Duration is not believable" : null,
            RefuseAutoTest = id => id == "bad test" ? "Namespace is forbidden" : null,
        });
        ObservedResult held = Result("Held");
        run.Publish(held, held: true);
        for (int i = 0; i < 100; i++)
        {
            run.Publish(i == 42 ? WithId("BadResult", "bad result") : i == 77 ? WithId("BadTest", "bad test") : Result("Test" + i));
        }

        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolation();
        Assert.HasCount(99, run.Run.Rows);
        Assert.AreEqual(99, run.Log.Count(Delivery.Sent));
        Assert.AreEqual(2, run.Log.Count(Delivery.Rejected));
        string notice = run.Log.Notices.Single(one => one.Code == "SYNC0014").Message;
        Assert.Contains("Duration is not believable", notice);
        Assert.Contains("Namespace is forbidden", notice);
    }

    [TestMethod]
    public async Task A_refused_held_result_does_not_hold_the_others_up()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false, RefuseResult = id => id == "bad" ? "no" : null });
        ObservedResult held = WithId("Held", "bad");
        run.Publish(held, held: true);
        run.Publish(Result("Other"));
        Assert.IsFalse(await run.CompleteAsync(held));
        Assert.AreEqual(1, run.Log.Count(Delivery.Sent));
        Assert.AreEqual(1, run.Log.Count(Delivery.Rejected));
    }

    [TestMethod]
    public async Task Autotests_deleted_in_the_meantime_are_created_again()
    {
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false });
        run.Publisher.ReleaseOthers();
        run.Publish(Result("One", displayName: "One (1)"));
        await UntilAsync(() => run.Run.Rows.Count == 1, "the first row");
        run.TestIt.RemoveAutoTests();
        run.Publish(Result("One", displayName: "One (2)"));
        Assert.IsTrue(await run.CompleteAsync());
        run.AssertNoViolation();
        Assert.AreEqual(2, run.Log.Count(Delivery.Sent));
    }

    private static ObservedResult WithId(string method, string id) => Result(method) with { Traits = [new ResultTrait { Name = "ExternalId", Value = id }] };

    [TestMethod]
    public async Task Many_results_cost_little_memory()
    {
        const int count = 20_000;
        var log = new FakeDeliveryLog { Source = index => Result("Test" + index) with { Message = new string('m', 1000) } };
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false, RecordBodies = false }, log: log);
        run.TestIt.Faults.Down = true;
        run.Publisher.ReleaseOthers();
        GC.Collect();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < count; i++)
        {
            run.Publisher.Publish(new StoredResult(i, "w", "net10.0", false), held: false);
        }

        run.TestIt.Faults.Down = false;
        await UntilAsync(() => run.Publisher.TestRunId is not null, "the run is open");
        Assert.IsTrue(await run.CompleteAsync(null, 120), run.NoticesText);
        Assert.AreEqual(count, run.Run.Rows.Count);
        Assert.AreEqual(count, log.Count(Delivery.Sent));
        long bytesEach = (GC.GetTotalMemory(forceFullCollection: true) - before) / count;
        // The stand-in and the log of this test live in the same process and keep more than the publisher does.
        Assert.IsLessThan(6000, bytesEach);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text;
using SyncStorage.Server.Results;
using SyncStorage.Server.Planning;
using SyncStorage.Server.TestIt;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Server.Tests.Hosting;
using SyncStorage.Sessions;
using SyncStorage.Settings;
using TestItStandIn;
using static SyncStorage.Server.Tests.TestIt.PublisherFixture;

namespace SyncStorage.Server.Tests.TestIt;

/// <summary>Whatever Test IT answers: a plan is whole or none, the server stays small, and what was not sent is kept.</summary>
[TestClass]
public sealed class HostileTestItTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("null")]
    [DataRow("object")]
    [DataRow("null element")]
    [DataRow("no external id")]
    [DataRow("blank external id")]
    [DataRow("same page")]
    [DataRow("endless pages")]
    [DataRow("objects")]
    [DataRow("gzip")]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task A_plan_that_makes_no_sense_is_none(string kind)
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        var run = testIt.AddRun();
        var options = new TestItOptions();
        testIt.Faults.AnswerInstead = HostileAnswers.Of(kind, run.Id, options.ConfigurationId);
        var settings = new RunSettings { Url = testIt.Url, ProjectId = options.ProjectId, ConfigurationId = options.ConfigurationId, TestRunId = run.Id };

        TestPlan plan = await PlannedTests.FetchAsync(settings, options.Token, TimeProvider.System, Quick, CancellationToken.None);

        Assert.IsNotNull(plan.Problem);
        Assert.IsEmpty(plan.Tests);
    }

    [TestMethod]
    public async Task A_plans_autotest_without_an_external_id_is_no_plan()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        var run = testIt.AddRun();
        testIt.AddAutoTest("a", "A", "N", "C");
        testIt.AddPlannedRow(run, "a");
        testIt.Faults.AnswerInstead = async context =>
        {
            bool isSearch = context.Request.Path.Value!.EndsWith("autoTests/search", StringComparison.Ordinal);
            if (isSearch)
            {
                context.Response.ContentType = "application/json";
                await context.Response.Body.WriteAsync("""[{"id":"1","externalId":"a","name":"A","namespace":"N","classname":"C"},{"id":"2","name":"B"}]"""u8.ToArray());
            }

            return isSearch;
        };
        var options = new TestItOptions();
        var settings = new RunSettings { Url = testIt.Url, ProjectId = options.ProjectId, ConfigurationId = options.ConfigurationId, TestRunId = run.Id };
        TestPlan plan = await PlannedTests.FetchAsync(settings, options.Token, TimeProvider.System, Quick, CancellationToken.None);
        StringAssert.Contains(plan.Problem, "without an external id");
    }

    /// <summary>Lookups are no plans: an element that is null says nothing of the others.</summary>
    [TestMethod]
    public async Task A_null_element_is_skipped()
    {
        await using PublisherFixture run = await StartAsync();
        run.TestIt.Faults.AnswerInstead = HostileAnswers.Of("null element", run.Run.Id, new TestItOptions().ConfigurationId);
        run.Publish(Result("One"), held: true);
        run.Publish(Result("Two"));
        await run.CompleteAsync(Result("One"));
        Assert.AreEqual(2, run.Log.Count(Delivery.Sent) + run.Log.Count(Delivery.Spooled), run.NoticesText);
        Assert.IsGreaterThan(0, run.Run.Rows.Count);

        byte[] json = BoundedAnswer.Check(Encoding.UTF8.GetBytes("""[null,{"a":[null,1,null],"b":null},null]"""), strict: false);
        Assert.AreEqual("""[{"a":[1],"b":null}]""", Encoding.UTF8.GetString(json));
        Assert.Throws<UnreadAnswerException>(() => BoundedAnswer.Check(Encoding.UTF8.GetBytes("[1,null]"), strict: true));
    }

    [TestMethod]
    [DataRow("same page")]
    [DataRow("endless pages")]
    [DataRow("objects")]
    [DataRow("gzip")]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task An_answer_over_a_bound_is_not_asked_for_again(string kind)
    {
        await using PublisherFixture run = await StartAsync(open: false);
        run.TestIt.Faults.AnswerInstead = HostileAnswers.Of(kind, run.Run.Id, new TestItOptions().ConfigurationId);
        run.Open();
        run.Publish(Result("One"), held: true);
        run.Publish(Result("Two"));

        await run.CompleteAsync(Result("One"), seconds: 50);

        Assert.AreEqual(2, run.Log.Count(Delivery.Spooled), run.NoticesText);
        Assert.Contains("SYNC0010", run.Log.Codes);
        Assert.IsEmpty(run.Run.Rows);
    }

    /// <summary>The most memory that the kernel saw in the server's process.</summary>
    [TestMethod]
    [DataRow("same page")]
    [DataRow("endless pages")]
    [DataRow("objects")]
    [DataRow("gzip")]
    [Timeout(120_000, CooperativeCancellation = true)]
    public async Task The_server_stays_small_and_ends(string kind)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Only Linux tells the most memory that a process had.");
        }

        using var folder = new TemporaryFolder();
        await using TestItServer testIt = await TestItServer.StartAsync();
        var invocation = new Invocation(folder.File("results"), new Uri(testIt.Url).Port, completionTimeout: 20);
        testIt.AddRun(invocation.RunId);
        testIt.Faults.AnswerInstead = HostileAnswers.Of(kind, invocation.RunId, new TestItOptions().ConfigurationId);

        var clock = Stopwatch.StartNew();
        Task run = invocation.RunAsync(20, meanwhile: () => UntilAsync(() => testIt.Requests.Any(request => request.Path.EndsWith("/search", StringComparison.Ordinal)), "a search"));
        long most = 0;
        while (!run.IsCompleted)
        {
            most = Math.Max(most, PeakOf(invocation.ServerId));
            await Task.WhenAny(run, Task.Delay(50));
        }

        await run;
        Assert.IsLessThan(25, clock.Elapsed.TotalSeconds);
        Assert.IsGreaterThan(0, most);
        TestContext.WriteLine($"{most} kB at most, {clock.Elapsed.TotalSeconds:0.0} s");
        Assert.IsLessThan(250_000, most, "kB");
        Assert.AreEqual(20, invocation.Report.Results.Observed);
    }

    /// <returns>Kilobytes; 0 when the process is not there (any more).</returns>
    private static long PeakOf(int processId)
    {
        try
        {
            string? line = processId == 0 ? null : File.ReadAllLines($"/proc/{processId}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line["VmHWM:".Length..^2], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}

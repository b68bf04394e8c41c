using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Server.TestIt;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Sessions;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
public sealed class PlannedTestsTests
{
    [TestMethod]
    [DataRow("N", "C", "Adds", "FullyQualifiedName=N.C.Adds")]
    [DataRow("N", "Outer+C", "Adds", "FullyQualifiedName=N.Outer+C.Adds")]
    [DataRow(null, "C", "Adds", "FullyQualifiedName=C.Adds")]
    [DataRow("N", "C", "Adds(x: 1, y: \"a|b\")", "FullyQualifiedName=N.C.Adds")]
    public void A_method_becomes_a_filter(string? space, string type, string name, string expected)
    {
        TestPlan plan = PlannedTests.MakePlan(["id"], [new AutoTestDetails { ExternalId = "id", Namespace = space, Classname = type, Name = name }]);
        Assert.AreEqual(expected, plan.Filter);
        Assert.IsEmpty(plan.NotExpressible);
    }

    [TestMethod]
    [DataRow("N", "C", "adds two numbers")]
    [DataRow("N", "C", "a&b")]
    [DataRow(null, null, "Adds")]
    public void What_no_filter_can_say_is_named(string? space, string? type, string name)
    {
        TestPlan plan = PlannedTests.MakePlan(["id", "unknown"], [new AutoTestDetails { ExternalId = "id", Namespace = space, Classname = type, Name = name }]);
        CollectionAssert.AreEqual(new[] { $"{name} (id)", "unknown" }, plan.NotExpressible.ToArray());
        Assert.AreEqual(PlannedTests.NothingFilter, plan.Filter);
    }

    [TestMethod]
    public async Task The_plan_is_what_is_in_progress_in_the_run()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        var run = testIt.AddRun();
        for (int i = 0; i < 130; i++)
        {
            testIt.AddAutoTest("id" + i, "Test" + i, "N", "C");
            if (i % 2 == 0)
            {
                testIt.AddPlannedRow(run, "id" + i);
            }
        }

        TestPlan plan = await FetchAsync(testIt, run.Id);
        Assert.IsNull(plan.Problem);
        Assert.HasCount(65, plan.Filter.Split('|'));
        Assert.IsEmpty(testIt.Violations);
    }

    [TestMethod]
    public async Task An_unknown_run_is_a_problem_in_words()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        TestPlan plan = await FetchAsync(testIt, Guid.NewGuid().ToString());
        Assert.Contains("Can't find a TestRun", plan.Problem!);
    }

    private static Task<TestPlan> FetchAsync(TestItServer testIt, string runId)
    {
        var options = new TestItOptions();
        var settings = new RunSettings { Url = testIt.Url, ProjectId = options.ProjectId, ConfigurationId = options.ConfigurationId, TestRunId = runId };
        return PlannedTests.FetchAsync(settings, options.Token, TimeProvider.System, PublisherFixture.Quick, CancellationToken.None);
    }
}

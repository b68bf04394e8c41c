using SyncStorage.Server.Planning;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Server.Tests.TestIt;
using SyncStorage.Sessions;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.Planning;

[TestClass]
public sealed class PlannedTestsTests
{
    [TestMethod]
    [DataRow("N", "C", "Adds", "FullyQualifiedName=N.C.Adds")]
    [DataRow("N", "Outer+C", "Adds", "FullyQualifiedName=N.Outer+C.Adds")]
    [DataRow(null, "C", "Adds", "FullyQualifiedName=C.Adds")]
    [DataRow("N", "C", "Adds(x: 1, y: \"a|b\")", "FullyQualifiedName=N.C.Adds")]
    [DataRow("N", "C", "adds two numbers", null)]
    [DataRow("N", "C", "a&b", null)]
    [DataRow(null, null, "Adds", null)]
    public void A_filter_for_any_framework_names_plain_methods(string? space, string? type, string name, string? expected)
        => AssertFilter(PlannedFilters.Common, space, type, name, expected);

    [TestMethod]
    [DataRow("N", "C", "Adds", "FullyQualifiedName=N.C.Adds")]
    [DataRow("N", "C", "a|b", @"FullyQualifiedName=N.C.a\|b|FullyQualifiedName~N.C.a\|b\(|FullyQualifiedName~N.C.a\|b \(")]
    [DataRow(null, null, "Adds", null)]
    public void MSTest_reads_any_name(string? space, string? type, string name, string? expected)
        => AssertFilter(PlannedFilters.MSTest, space, type, name, expected);

    [TestMethod]
    [DataRow("N", "F", "Adds", "(FullyQualifiedName=N.F&(Name=Adds))")]
    [DataRow("N", "F", "adds two", "(FullyQualifiedName=N.F&((Name~adds&Name~two)))")]
    [DataRow("N", "F&lt;Int32&gt;", "Adds", "(FullyQualifiedName=N.F<Int32>&(Name=Adds))")]
    [DataRow("N", "two words", "Adds", "((FullyQualifiedName~N.two&FullyQualifiedName~words)&(Name=Adds))")]
    [DataRow("N", "F", "&", null)]
    [DataRow(null, null, "Adds", null)]
    public void NUnit_is_asked_by_class_and_name(string? space, string? type, string name, string? expected)
        => AssertFilter(PlannedFilters.NUnit, space, type, name, expected);

    [TestMethod]
    [DataRow("N", "C", "Adds", "(FullyQualifiedName~N.C.&(FullyQualifiedName=N.C.Adds|DisplayName=Adds))")]
    [DataRow("N", "C", "Adds(x: 1)", @"(FullyQualifiedName~N.C.&(DisplayName=N.C.Adds\(x: 1\)|DisplayName=Adds\(x: 1\)))")]
    [DataRow("N", "C", "Adds(x: \"a;b\")", "(FullyQualifiedName~N.C.&((DisplayName~Adds&DisplayName~x:&DisplayName~a&DisplayName~b)))")]
    [DataRow(null, null, "Adds", null)]
    public void Xunit_is_asked_by_display_name(string? space, string? type, string name, string? expected)
        => AssertFilter(PlannedFilters.Xunit, space, type, name, expected);

    [TestMethod]
    public void A_class_is_named_once()
    {
        ChosenTest[] planned = [Planned("1", "N", "F", "B"), Planned("2", "N", "F", "A")];
        Assert.AreEqual("(FullyQualifiedName=N.F&(Name=A|Name=B))", PlannedFilters.NUnit(planned).Expression);
        Assert.AreEqual("FullyQualifiedName=N.F.A|FullyQualifiedName=N.F.B", PlannedFilters.Common(planned).Expression);
    }

    private static void AssertFilter(Func<IReadOnlyList<ChosenTest>, PlannedFilter> which, string? space, string? type, string name, string? expected)
    {
        PlannedFilter filter = which([Planned("id", space, type, name), ChosenTest.Of(PlannedTests.Describe("unknown", null))]);
        Assert.AreEqual(expected ?? PlannedFilters.Nothing, filter.Expression);
        CollectionAssert.AreEqual(expected is null ? new[] { $"{name} (id)", "unknown" } : ["unknown"], filter.NotExpressible.ToArray());
    }

    private static ChosenTest Planned(string id, string? space, string? type, string name)
        => ChosenTest.Of(PlannedTests.Describe(id, new AutoTestDetails { ExternalId = id, Namespace = space, Classname = type, Name = name }));

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
        Assert.HasCount(65, plan.Tests);
        Assert.AreEqual(("N.C", "Test0"), (plan.Tests.First(test => test.ExternalId == "id0").Type, plan.Tests.First(test => test.ExternalId == "id0").Name));
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

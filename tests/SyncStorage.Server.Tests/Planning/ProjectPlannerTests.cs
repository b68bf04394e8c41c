using System.Text.RegularExpressions;
using SyncStorage.Server.Planning;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Tests.Planning;

/// <summary>What the metadata decides, what Test IT's names decide, and what nobody does.</summary>
[TestClass]
public sealed class ProjectPlannerTests
{
    private static readonly TestMethod One = new(TestFrameworks.MSTest, "N.C", "One") { Ids = ["1"] };
    private static readonly TestMethod Two = new(TestFrameworks.MSTest, "N.C", "Two") { Ids = ["2"] };
    private static readonly TestMethod Computed = new(TestFrameworks.MSTest, "N.C", "Computed") { Ids = ["3"], IsOpen = true, HasOpenId = true };
    private static readonly TestMethod Theory = new(TestFrameworks.Xunit, "N.T", "Rows") { IsOpen = true, HasNamedRows = true };
    private static readonly TestMethod Fact = new(TestFrameworks.Xunit, "N.T", "Fact") { Ids = ["f"] };

    [TestMethod]
    public void The_id_decides_whatever_Test_IT_calls_the_test()
    {
        ProjectPlan plan = Make([One, Two], Planned("2", "N.C", "One"));
        Assert.AreEqual(("FullyQualifiedName=N.C.Two", false, 0), (plan.Filter, plan.RunsNothing, plan.Notes.Count));
    }

    [TestMethod]
    public void Nothing_runs_where_nothing_is_planned()
    {
        ProjectPlan plan = Make([One, Two], Planned("other project"), Planned("9", "N.C", "One"));
        Assert.AreEqual((PlannedFilters.Nothing, true, 0), (plan.Filter, plan.RunsNothing, plan.Notes.Count));
    }

    [TestMethod]
    public void Everything_planned_needs_no_filter()
    {
        ProjectPlan plan = Make([One, Two], Planned("1"), Planned("2"));
        Assert.AreEqual(("", false), (plan.Filter, plan.RunsNothing));
    }

    [TestMethod]
    public void What_cannot_be_told_runs_and_is_named()
    {
        ProjectPlan plan = Make([One, Computed], Planned("anything"));
        Assert.AreEqual("FullyQualifiedName=N.C.Computed", plan.Filter);
        Assert.Contains("N.C.Computed", plan.Notes.Single());
    }

    [TestMethod]
    public void A_test_that_was_renamed_since_is_not_lost_when_its_id_is_computed()
    {
        ProjectPlan plan = Make([One, Computed], Planned("anything", "N.C", "OldName"));
        Assert.AreEqual("FullyQualifiedName=N.C.Computed", plan.Filter);
        Assert.HasCount(1, plan.Notes);
    }

    [TestMethod]
    public void Nobody_has_to_guess_when_every_planned_id_has_its_test_or_another_projects_class()
    {
        ProjectPlan plan = Make([One, Computed], Planned("1"), Planned("elsewhere", "Other.Project", "Rows"));
        Assert.AreEqual(("FullyQualifiedName=N.C.One", 0), (plan.Filter, plan.Notes.Count));
    }

    [TestMethod]
    public void A_row_that_Test_IT_knows_by_name_runs_alone()
    {
        ProjectPlan plan = Make([Theory, Fact], Planned("hash", "N.T", "Rows(n: 1)"));
        Assert.AreEqual((@"(FullyQualifiedName~N.T.&(DisplayName=N.T.Rows\(n: 1\)|DisplayName=Rows\(n: 1\)))", 0), (plan.Filter, plan.Notes.Count));
    }

    [TestMethod]
    public void Rows_that_nobody_can_tell_apart_run_together_and_are_named()
    {
        var pay = new TestMethod(TestFrameworks.MSTest, "N.C", "Pay") { Template = new Regex("^pay-.*$") };
        ProjectPlan plan = Make([One, pay], Planned("pay-card"));
        Assert.AreEqual("FullyQualifiedName=N.C.Pay", plan.Filter);
        Assert.Contains("N.C.Pay: their rows", plan.Notes.Single());
    }

    [TestMethod]
    public void Rows_that_are_all_planned_are_nothing_to_speak_of()
    {
        var pay = new TestMethod(TestFrameworks.MSTest, "N.C", "Pay") { Template = new Regex("^pay-.*$"), Rows = [new TestRow("pay-card", ""), new TestRow("pay-cash", "")] };
        Assert.IsEmpty(Make([One, pay], Planned("pay-card"), Planned("pay-cash")).Notes);
        Assert.HasCount(1, Make([One, pay], Planned("pay-card")).Notes);
        Assert.IsTrue(Make([One, pay], Planned("pay-other")).RunsNothing);
    }

    [TestMethod]
    public void A_framework_that_is_not_known_is_asked_by_the_names_of_Test_IT()
    {
        Assert.AreEqual("FullyQualifiedName=F.C.Test", ProjectPlanner.Make([], isForeign: true, [Planned("x", "F.C", "Test")]).Filter);
        ProjectPlan unknown = ProjectPlanner.Make([], isForeign: true, [Planned("x")]);
        Assert.AreEqual(("", false, 1), (unknown.Filter, unknown.RunsNothing, unknown.Notes.Count));
    }

    [TestMethod]
    public void The_tests_of_this_assembly_are_read_from_its_metadata()
    {
        using var assemblies = new AssemblyTypes(typeof(ProjectPlannerTests).Assembly.Location);
        TestMethod[] own = TestMethods.Of(assemblies, "FullyQualifiedName").Where(test => test.Type == typeof(ProjectPlannerTests).FullName).ToArray();
        CollectionAssert.AreEquivalent(
            typeof(ProjectPlannerTests).GetMethods().Where(method => method.IsDefined(typeof(TestMethodAttribute), false)).Select(method => $"{typeof(ProjectPlannerTests).FullName}.{method.Name}").ToArray(),
            own.SelectMany(test => test.Ids).ToArray());
        Assert.IsTrue(own.All(test => !test.IsOpen));
    }

    [TestMethod]
    public void What_is_no_assembly_says_so()
    {
        using var folder = new TemporaryFolder();
        string file = System.IO.Path.Combine(folder.Path, "no.dll");
        System.IO.File.WriteAllText(file, "no assembly");
        Assert.ThrowsExactly<BadImageFormatException>(() => ProjectPlanner.Make(file, [Planned("1")], "Official"));
    }

    private static ProjectPlan Make(TestMethod[] tests, params PlannedAutoTest[] planned) => ProjectPlanner.Make(tests, isForeign: false, planned);

    private static PlannedAutoTest Planned(string id, string type = "", string name = "") => new() { ExternalId = id, Type = type, Name = name };
}

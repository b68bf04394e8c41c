using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>Adapter mode 0: the run in Test IT says which tests are wanted.</summary>
[TestClass]
public sealed class Only_what_is_planned
{
    [TestMethod]
    public async Task Only_what_the_run_asks_for_is_run()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        using var user = new UserFolder();
        user.WithMSTest();
        TestRun run = testIt.AddRun();
        string one = ExternalIds.OfMethod("Unit.Tests.One");
        testIt.AddAutoTest(one, "One", "Unit", "Tests");
        testIt.AddPlannedRow(run, one);
        testIt.AddAutoTest("gone", "Gone", "Unit", "Tests");
        ResultRow gone = testIt.AddPlannedRow(run, "gone");
        testIt.AddAutoTest("nameless", "No class");
        testIt.AddPlannedRow(run, "nameless");
        user.Publishing(testIt, "0", run.Id);

        CommandResult result = await user.TestAsync("Unit");

        Assert.AreEqual(0, result.ExitCode, result.Output);
        Assert.AreEqual("Unit.Tests.One", user.Report.Lines.Single().FullyQualifiedName, result.Output);
        // The built assembly has no test of these ids, so there is nothing to doubt.
        Assert.DoesNotContain("SYNC0016", result.Output);
        StringAssert.Contains(result.Output, $"2 autotests that test run {run.Id} asks for (adapterMode 0) got no result here: gone, nameless");
        Assert.IsTrue(gone.IsInProgress);
        Assert.IsEmpty(testIt.Violations);
        user.Passed();
    }

    /// <summary>Run once as mode 1, so that Test IT learns of every test as our users' Test IT does; then its autotests are planned.</summary>
    [TestMethod]
    public async Task Whatever_a_test_is_called_it_can_be_planned()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        TestRun known = testIt.AddRun();
        using var user = new UserFolder();
        WithOddNames(user).WithSolution().Publishing(testIt, "1", known.Id);
        CommandResult all = await user.TestAsync();
        Report first = user.Report.AssertWhole();
        Assert.AreEqual(first.Results.Observed, known.Rows.Count, all.Output);

        // All of them, then every other one.
        await RunPlanAsync(user, testIt, known.Rows, first);
        string[] ids = known.Rows.Select(row => row.ExternalId).Distinct().Order(StringComparer.Ordinal).Where((_, i) => i % 2 == 0).ToArray();
        await RunPlanAsync(user, testIt, known.Rows.Where(row => ids.Contains(row.ExternalId)).ToList(), first);
        user.Passed();
    }

    private static async Task RunPlanAsync(UserFolder user, TestItServer testIt, IReadOnlyList<ResultRow> wanted, Report first)
    {
        TestRun run = testIt.AddRun();
        foreach (ResultRow row in wanted)
        {
            testIt.AddPlannedRow(run, row.ExternalId, parameters: row.Parameters);
        }

        user.Publishing(testIt, "0", run.Id);
        CommandResult result = await user.TestAsync("--no-build");

        Assert.DoesNotContain("SYNC", result.Output);
        Assert.DoesNotContain("got no result here", result.Output);
        Report report = user.Reports.Single(one => one.TestRunId == run.Id).AssertWhole();
        HashSet<string> ids = wanted.Select(row => row.ExternalId).ToHashSet();
        CollectionAssert.AreEqual(
            first.Lines.Where(line => ids.Contains(line.AutoTestExternalId)).Select(line => line.FullyQualifiedName + " " + line.DisplayName).Order(StringComparer.Ordinal).ToArray(),
            report.Lines.Select(line => line.FullyQualifiedName + " " + line.DisplayName).Order(StringComparer.Ordinal).ToArray(),
            result.Output);
        Assert.IsEmpty(testIt.Check(run));
    }

    private static UserFolder WithOddNames(UserFolder user)
    {
        user.WithMSTest("Ms", body: """
            [TestMethod(DisplayName = "a name (with) = | & ! ~ \\ symbols")] public void Symbols() {}
            [TestMethod, DataRow(1), DataRow(2, DisplayName = "row two")] public void Rows(int n) => Assert.IsGreaterThan(0, n);
            [TestClass] public class Inner { [TestMethod] public void Nested() {} }
            """);
        user.WithFSharp("Fs");
        user.WithNUnit("Nu");
        user.Write("Nu/Odd.cs", """
            using NUnit.Framework;
            namespace Nu;
            public abstract class Base { [Test] public void Inherited() {} }
            public class Derived : Base { [Test] public void Own() {} [Test] public void Own2() {} }
            [TestFixture("a"), TestFixture("b (c).d")] public class Arguments(string x) { [Test] public void One() => Assert.That(x, Is.Not.Null); [Test] public void One2() {} [TestCase(1), TestCase(2)] public void Rows(int n) => Assert.That(n, Is.Positive); }
            [TestFixture(typeof(int)), TestFixture(typeof(string))] public class Generic<T> { [Test] public void G() {} }
            [TestFixture("a", TestName = "renamed fixture")] public class Renamed(string x) { [Test] public void R() => Assert.That(x, Is.Not.Null); }
            public class Cases
            {
                [TestCase(1, TestName = "adds one"), TestCase(2, TestName = "a&b|c")] public void C(int n) => Assert.That(n, Is.Positive);
                [TestCase("x(y)", ExpectedResult = 4)] public int Quoted(string s) => s.Length;
                [Test] public void Values([Values(1, 2)] int a, [Values] bool b) => Assert.That(b || a > 0);
            }
            """);
        user.WithXunit("Xu");
        user.Write("Xu/Odd.cs", """
            using Xunit;
            namespace Xu;
            public class Odd
            {
                [Fact(DisplayName = "a name (with) = | & ! ~ \\ symbols")] public void Symbols() {}
                [Fact(DisplayName = "single")] public void Single() {}
                [Fact(DisplayName = "plain.Name")] public void Dotted() {}
                [Theory, InlineData(1.5), InlineData(2), InlineData(3)] public void Numbers(double n) => Assert.True(n > 0);
                [Theory, InlineData("a \"quoted\" <b>text</b>; 100%")] public void Texts(string s) => Assert.NotNull(s);
                public class Inner { [Fact] public void Nested() {} }
            }
            """);
        return user;
    }
}

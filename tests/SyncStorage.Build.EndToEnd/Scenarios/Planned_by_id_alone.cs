using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>Adapter mode 0 where Test IT knows of its autotests nothing but the external id: the built assembly tells which tests those are.</summary>
[TestClass]
public sealed class Planned_by_id_alone
{
    [TestMethod]
    public async Task Every_other_test_of_every_framework_runs_and_no_other()
    {
        using var user = new UserFolder();
        WithDecidableTests(user);
        CommandResult all = await user.TestAsync();
        Report first = user.Report.AssertWhole();
        Assert.IsGreaterThan(40, first.Results.Observed, all.Output);
        string[] ids = first.Lines.Select(IdOf).Distinct().Order(StringComparer.Ordinal).ToArray();

        foreach (int remainder in new[] { 0, 1 })
        {
            HashSet<string> wanted = ids.Where((_, i) => i % 2 == remainder).ToHashSet();
            await using TestItServer testIt = await TestItServer.StartAsync();
            TestRun run = Plan(testIt, wanted);
            user.Publishing(testIt, "0", run.Id);

            CommandResult result = await user.TestAsync("--no-build");

            Assert.AreEqual(0, result.ExitCode, result.Output);
            Assert.DoesNotContain("SYNC0", result.Output);
            CollectionAssert.AreEqual(
                Names(first.Lines.Where(line => wanted.Contains(IdOf(line)))),
                Names(user.Reports.Single(one => one.TestRunId == run.Id).Lines),
                result.Output);
        }

        user.Passed();
    }

    [TestMethod]
    [DataRow("--", "RunConfiguration.TreatNoTestsAsError=true")]
    [DataRow("--settings", "strict.runsettings")]
    public async Task A_project_of_which_nothing_is_planned_runs_nothing_and_fails_nothing(string option, string value)
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        using var user = new UserFolder();
        user.WithMSTest("Wanted").WithMSTest("Unwanted").WithXunit("Xu").WithXunitV3("X3").WithNUnit("Nu").WithSolution();
        user.Write("strict.runsettings", "<RunSettings><RunConfiguration><TreatNoTestsAsError>true</TreatNoTestsAsError></RunConfiguration></RunSettings>");
        TestRun run = Plan(testIt, [ExternalIds.OfMethod("Wanted.Tests.One")]);
        user.Publishing(testIt, "0", run.Id);

        CommandResult result = await user.TestAsync(option, value);

        Assert.AreEqual(0, result.ExitCode, result.Output);
        Assert.AreEqual("Wanted.Tests.One", user.Report.AssertWhole().Lines.Single().FullyQualifiedName, result.Output);
        Assert.HasCount(5, user.Report.Workers);

        // What the user's own filter does not find in a project that has planned tests is as much of an error as it ever was.
        TestRun again = testIt.AddRun();
        testIt.AddPlannedRow(again, ExternalIds.OfMethod("Wanted.Tests.One"));
        user.Publishing(testIt, "0", again.Id);
        CommandResult filtered = await user.TestAsync("Wanted", "--no-build", "--filter", "FullyQualifiedName~Nowhere", option, value);
        Assert.AreEqual(1, filtered.ExitCode, filtered.Output);
        user.Passed();
    }

    [TestMethod]
    public async Task A_test_whose_id_only_running_it_would_tell_runs_and_is_named()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        using var user = new UserFolder();
        const string attribute = """
            public sealed class ComputedAttribute(int n) : Microsoft.VisualStudio.TestTools.UnitTesting.TestPropertyAttribute("ExternalId", Compute(n))
            {
                private static string Compute(int n) { string id = ""; for (int i = 0; i < n; i++) id += "x"; return id; }
            }
            """;
        user.WithMSTest("Unit", "[TestMethod, Computed(3)] public void Computed() {} [TestMethod, Named(\"named\")] public void Named() {}");
        user.Write("Unit/Attributes.cs", attribute + """
            public sealed class NamedAttribute(string id) : Microsoft.VisualStudio.TestTools.UnitTesting.TestPropertyAttribute("ExternalId", id);
            """);
        TestRun run = Plan(testIt, ["xxx"]);
        user.Publishing(testIt, "0", run.Id);

        CommandResult result = await user.TestAsync("Unit");

        Assert.AreEqual(0, result.ExitCode, result.Output);
        Assert.AreEqual("Unit.Tests.Computed", user.Report.AssertWhole().Lines.Single().FullyQualifiedName, result.Output);
        StringAssert.Contains(result.Output, "SYNC0016");
        StringAssert.Contains(result.Output, "Unit.Tests.Computed: whether they are planned cannot be told");

        // Planned is only what needs no guess: nothing is guessed.
        TestRun decided = Plan(testIt, ["named"]);
        user.Publishing(testIt, "0", decided.Id);
        CommandResult certain = await user.TestAsync("Unit", "--no-build");
        Assert.DoesNotContain("SYNC0016", certain.Output);
        Assert.AreEqual("Unit.Tests.Named", user.Reports.Single(one => one.TestRunId == decided.Id).Lines.Single().FullyQualifiedName, certain.Output);
        user.Passed();
    }

    [TestMethod]
    public async Task Nothing_is_built_twice_and_without_a_build_all_is_as_without_us()
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        using var user = new UserFolder();
        user.WithMSTest("One").WithNUnit("Two").WithXunit("Three")
            .WithMSTest("Many", properties: "<TargetFramework></TargetFramework><TargetFrameworks>net8.0;net10.0</TargetFrameworks><RollForward>Major</RollForward>").WithSolution();
        user.Write("Directory.Build.targets", """
            <Project>
              <Target Name="Count" BeforeTargets="CoreCompile">
                <WriteLinesToFile File="$(MSBuildThisFileDirectory)compiled/$(MSBuildProjectName)-$(TargetFramework)" Lines="once" Overwrite="false" />
              </Target>
            </Project>
            """);
        TestRun run = Plan(testIt, [ExternalIds.OfMethod("One.Tests.One"), ExternalIds.OfMethod("Many.Tests.Two")]);
        user.Publishing(testIt, "0", run.Id);

        CommandResult unbuilt = await user.TestAsync("One", "--no-build");
        CommandResult without = await user.TestAsync("One", "--no-build", "-p:SyncStorageEnabled=false");
        Assert.AreEqual(without.ExitCode, unbuilt.ExitCode, unbuilt.Output);
        Assert.DoesNotContain("SYNC0", unbuilt.Output);
        CommandResult result = await user.TestAsync("-c", "Release");

        Assert.AreEqual(0, result.ExitCode, result.Output);
        CollectionAssert.AreEqual(
            new[] { "Many-net10.0 1", "Many-net8.0 1", "One-net10.0 1", "Three-net10.0 1", "Two-net10.0 1" },
            Directory.EnumerateFiles(Path.Combine(user.Path, "compiled")).Order(StringComparer.Ordinal).Select(file => $"{Path.GetFileName(file)} {File.ReadAllLines(file).Length}").ToArray(),
            result.Output);
        CollectionAssert.AreEqual(
            new[] { "Many.Tests.Two", "Many.Tests.Two", "One.Tests.One" },
            user.Reports.SelectMany(report => report.Lines).Select(line => line.FullyQualifiedName).Order(StringComparer.Ordinal).ToArray(),
            result.Output);
        user.Passed();
    }

    private static TestRun Plan(TestItServer testIt, IEnumerable<string> ids)
    {
        TestRun run = testIt.AddRun();
        foreach (string id in ids)
        {
            testIt.AddAutoTest(id, "known by its id");
            testIt.AddPlannedRow(run, id);
        }

        return run;
    }

    /// <summary>The report has placeholders as the user wrote them, Test IT has them filled.</summary>
    private static string IdOf(ResultLine line)
        => line.AutoTestExternalId.Contains("{how}", StringComparison.Ordinal) ? line.AutoTestExternalId.Replace("{how}", line.DisplayName.Split('"')[1], StringComparison.Ordinal) : line.AutoTestExternalId;

    private static string[] Names(IEnumerable<ResultLine> lines)
        => lines.Select(line => line.FullyQualifiedName + " " + line.DisplayName).Order(StringComparer.Ordinal).ToArray();

    /// <summary>Inherited, nested, generic, renamed, with ids on methods, classes and base classes, with attributes of the user's own.</summary>
    private static void WithDecidableTests(UserFolder user)
    {
        user.WithMSTest("Ms", body: """
            [TestMethod(DisplayName = "a name (with) = | & ! ~ \\ symbols")] public void Symbols() {}
            [TestMethod, DataRow(1), DataRow(2, DisplayName = "row two")] public void Rows(int n) => Assert.IsGreaterThan(0, n);
            [TestClass] public class Inner { [TestMethod] public void Nested() {} [TestMethod] public void One() {} }
            """);
        user.Write("Ms/Odd.cs", """
            using System.Collections.Generic; using Microsoft.VisualStudio.TestTools.UnitTesting;
            namespace Ms;
            public class JiraAttribute(string id) : TestPropertyAttribute("ExternalId", id);
            public class MyTestAttribute : TestMethodAttribute;
            [TestProperty("ExternalId", "from-base")] public abstract class Base { [TestMethod] public void Inherited() {} [TestMethod, TestProperty("ExternalId", "virtual")] public virtual void Virtual() {} }
            [TestClass] public class Derived : Base { [TestMethod, Jira("own")] public void Own() {} }
            [TestClass] public class Derived2 : Base { [TestMethod, TestProperty("externalid", "v2")] public override void Virtual() {} }
            public abstract class Generic<T> { [TestMethod] public void G() {} }
            [TestClass] public class OfInt : Generic<int> { [MyTest] public void My() {} [TestMethod, DynamicData(nameof(Data))] public void Dynamic(int n) {} public static IEnumerable<object[]> Data => [[1], [2]]; }
            [TestClass] public class OfText : Generic<string>;
            """);
        user.WithFSharp("Fs").WithVisualBasic("Vb").WithNUnit("Nu");
        user.Write("Nu/Odd.cs", """
            using NUnit.Framework;
            namespace Nu;
            public class ExternalIdAttribute(string id) : PropertyAttribute(id);
            public abstract class Base { [Test] public void Inherited() {} [Test, ExternalId("virtual")] public virtual void Virtual() {} }
            public class Derived : Base { [Test] public void Own() {} [Test, Property("ExternalId", "own2")] public void Own2() {} public override void Virtual() {} }
            [Property("ExternalId", "class")] public class WithId { [Test] public void A() {} [TestCase(1), Property("ExternalId", "b")] public void B(int n) {} }
            [TestFixture("a"), TestFixture("b (c).d")] public class Arguments(string x) { [Test] public void One() => Assert.That(x, Is.Not.Null); [Test] public void One2() {} [TestCase(1), TestCase(2)] public void Rows(int n) {} }
            [TestFixture(typeof(int)), TestFixture(typeof(string))] public class Generic<T> { [Test] public void G() {} }
            [TestFixture("a", TestName = "renamed fixture")] public class Renamed(string x) { [Test] public void R() => Assert.That(x, Is.Not.Null); }
            public class Cases
            {
                [TestCase(1, TestName = "adds one"), TestCase(2, TestName = "a&b|c")] public void C(int n) {}
                [TestCase("x(y)", ExpectedResult = 4)] public int Quoted(string s) => s.Length;
                [Test] public void Values([Values(1, 2)] int a, [Values] bool b) {}
                [Test] public void Plain() {}
                public class Inner { [Test] public void Plain() {} }
            }
            """);
        foreach (string name in new[] { "Xu", "X3" })
        {
            (name == "Xu" ? user.WithXunit(name) : user.WithXunitV3(name)).Write($"{name}/Odd.cs", $$"""
                using Xunit;
                namespace {{name}};
                [Trait("ExternalId", "base-{{name}}")] public abstract class Base { [Fact] public void Inherited() {} }
                public class Derived : Base { [Fact] public void Own() {} }
                public class Odd
                {
                    [Fact(DisplayName = "a name (with) = | & ! ~ \\ symbols")] public void Symbols() {}
                    [Fact(DisplayName = "plain.Name")] public void Dotted() {}
                    [Fact] public void One() {}
                    [Theory, InlineData(1), InlineData(2), InlineData(-3)] public void Numbers(int n) => Assert.NotEqual(0, n);
                    [Theory, InlineData("text", true), InlineData(null, false)] public void Texts(string? s, bool b) => Assert.True(b || s is null);
                    [Theory, InlineData("card"), InlineData("cash"), Trait("ExternalId", "pay-{{name}}-{how}")] public void Pay(string how) => Assert.NotNull(how);
                    [Theory, MemberData(nameof(Data)), Trait("ExternalId", "whole-{{name}}")] public void Whole(object o) => Assert.NotNull(o);
                    public static TheoryData<object> Data => new(new object(), new object());
                    public class Inner { [Fact] public void One() {} }
                }
                """);
        }

        user.WithSolution();
    }
}

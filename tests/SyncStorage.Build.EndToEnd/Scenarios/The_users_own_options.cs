using System.IO;
using System.Linq;
using System.Threading.Tasks;
using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>What the user passes to `dotnet test` still does what it did.</summary>
[TestClass]
public sealed class The_users_own_options
{
    [TestMethod]
    public async Task Loggers_collectors_settings_and_blame_survive()
    {
        using var user = new UserFolder();
        user.WithMSTest(packages: """<PackageReference Include="coverlet.collector" Version="8.0.1" />""");
        user.Write("my.runsettings", """
            <RunSettings><TestRunParameters><Parameter name="mine" value="kept" /></TestRunParameters></RunSettings>
            """);
        user.Write("Unit/Parameter.cs", """
            using Microsoft.VisualStudio.TestTools.UnitTesting;
            namespace Unit;
            [TestClass] public class ParameterTests
            {
                public TestContext TestContext { get; set; } = null!;
                [TestMethod] public void Sees_the_parameter() => Assert.AreEqual("kept", TestContext.Properties["mine"]);
            }
            """);

        CommandResult run = await user.TestAsync(
            "Unit", "--logger", "trx;LogFileName=mine.trx", "--collect", "XPlat Code Coverage", "--settings", "my.runsettings", "--blame", "--results-directory", "out",
            "-bl:mine.binlog", "--", "RunConfiguration.MaxCpuCount=1", "RunConfiguration.ResultsDirectory=" + Path.Combine(user.Path, "out"));

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual(4, user.Report.AssertWhole().Results.Observed);
        foreach (string pattern in new[] { "mine.trx", "coverage.cobertura.xml", "mine.binlog" })
        {
            Assert.IsNotEmpty(Directory.GetFiles(user.Path, pattern, SearchOption.AllDirectories), pattern + " is missing\n" + run.Output);
        }

        user.Passed();
    }

    [TestMethod]
    [DataRow("on")]
    [DataRow("off")]
    public async Task The_terminal_logger_may_be_on_or_off(string mode)
    {
        using var user = new UserFolder();
        user.WithMSTest();

        CommandResult run = await user.TestAsync("Unit", "--tl:" + mode);

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual(3, user.Report.AssertWhole().Results.Observed);
        user.Passed();
    }

    [TestMethod]
    public async Task No_build_and_a_filter_work()
    {
        using var user = new UserFolder();
        user.WithMSTest();
        await user.DotnetAsync("build", "Unit");

        CommandResult run = await user.TestAsync("Unit", "--no-build", "--filter", "Name=One");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual("Unit.Tests.One", user.Report.AssertWhole().Lines.Single().FullyQualifiedName);
        user.Passed();
    }
}

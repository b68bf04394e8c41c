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
    public async Task Code_coverage_is_measured_as_ever()
    {
        using var user = new UserFolder();
        user.WithMSTest();

        CommandResult run = await user.TestAsync("Unit", "--collect", "Code Coverage;Format=cobertura");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual(3, user.Report.AssertWhole().Results.Observed);
        StringAssert.Contains(await File.ReadAllTextAsync(Directory.GetFiles(user.Path, "*.cobertura.xml", SearchOption.AllDirectories).Single()), "Unit.Tests", run.Output);
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

    private const string SettingsOfTheUser = """
        <?xml version="1.0" encoding="utf-8"?>
        <!-- mine -->
        <RunSettings>
          <RunConfiguration>
            <ResultsDirectory>../results</ResultsDirectory>
            <EnvironmentVariables><FROM_FILE>file</FROM_FILE><FROM_BOTH>file</FROM_BOTH></EnvironmentVariables>
          </RunConfiguration>
          <TestRunParameters><Parameter name="mine" value="kept" /><Parameter name="path" value="../untouched" /></TestRunParameters>
          <LoggerRunSettings><Loggers><Logger friendlyName="trx" enabled="True"><Configuration><LogFileName>of-the-file.trx</LogFileName></Configuration></Logger></Loggers></LoggerRunSettings>
        </RunSettings>
        """;

    private const string SeesTheSettings = """
        public TestContext TestContext { get; set; } = null!;
        [TestMethod] public void Sees()
        {
            Assert.AreEqual("kept", TestContext.Properties["mine"]);
            Assert.AreEqual("../untouched", TestContext.Properties["path"]);
            Assert.AreEqual("file", Environment.GetEnvironmentVariable("FROM_FILE"));
        }
        """;

    /// <summary>Whichever way they are given: in force as before, resolved from where they lie, and our collector beside them.</summary>
    [TestMethod]
    [DataRow("--settings", DisplayName = "option")]
    [DataRow("-p:VSTestSetting=", DisplayName = "property on the command line")]
    [DataRow("VSTestSetting", DisplayName = "property of the project")]
    [DataRow("RunSettingsFilePath", DisplayName = "the other property of the project")]
    public async Task Settings_keep_their_effect_whichever_way_they_are_given(string way)
    {
        using var user = new UserFolder();
        bool isOfProject = way[0] is not '-';
        user.WithMSTest(
            body: SeesTheSettings + """[TestMethod] public void ZCrash() { if (Environment.GetEnvironmentVariable("CRASH") == "1") Environment.FailFast("as told"); }""",
            properties: isOfProject ? $"<{way}>../config/my.runsettings</{way}>" : "");
        user.Write("config/my.runsettings", SettingsOfTheUser);
        string path = Path.Combine(user.Path, "config", "my.runsettings");
        string[] given = isOfProject ? [] : way == "--settings" ? [way, "config/my.runsettings"] : [way + path];

        CommandResult run = await user.TestAsync(["Unit", .. given]);
        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual(5, user.Report.AssertWhole().Results.Observed);
        Assert.IsTrue(File.Exists(Path.Combine(user.Path, "results", "of-the-file.trx")), run.Output);

        user.Environment["CRASH"] = "1";
        user.Environment["SyncStorageDirectory"] = Path.Combine(user.Path, "crashed");
        CommandResult crashed = await user.TestAsync(["Unit", "--no-build", .. given]);
        Assert.AreEqual(5, user.Reports.Single(report => report.Folder.Contains("crashed", System.StringComparison.Ordinal)).Results.Recovered, crashed.Output);
        Assert.AreEqual(SettingsOfTheUser, await File.ReadAllTextAsync(path), "the file itself is left alone");
        user.Passed();
    }

    [TestMethod]
    public async Task What_is_said_on_the_command_line_counts_beside_the_settings()
    {
        using var user = new UserFolder();
        user.WithMSTest(body: """
            [TestMethod] public void Sees()
            {
                // VSTest's own order: a file beats -e.
                Assert.AreEqual("file", Environment.GetEnvironmentVariable("FROM_BOTH"));
                Assert.AreEqual("command line", Environment.GetEnvironmentVariable("FROM_LINE"));
                Assert.AreEqual("more", TestContext.Properties["more"]);
            }
            public TestContext TestContext { get; set; } = null!;
            """);
        user.Write("my.runsettings", SettingsOfTheUser);

        CommandResult run = await user.TestAsync(
            "Unit", "--settings", "my.runsettings", "-e", "FROM_BOTH=command line", "-e", "FROM_LINE=command line", "--filter", "Name=Sees|Name=One", "--results-directory", "elsewhere",
            "--", "TestRunParameters.Parameter(name=\"more\", value=\"more\")");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        CollectionAssert.AreEquivalent(new[] { "Unit.Tests.One", "Unit.Tests.Sees" }, user.Report.AssertWhole().Lines.Select(line => line.FullyQualifiedName).ToArray());
        Assert.IsTrue(File.Exists(Path.Combine(user.Path, "elsewhere", "of-the-file.trx")), run.Output);
        user.Passed();
    }

    /// <summary>The first build of a clean clone has none before it, the second a stale one.</summary>
    [TestMethod]
    public async Task Settings_that_the_build_writes_are_those_of_this_build()
    {
        using var user = new UserFolder();
        user.WithMSTest(body: SeesTheSettings, properties: "<RunSettingsFilePath>$(MSBuildProjectDirectory)/written.runsettings</RunSettingsFilePath>");
        user.Write("Directory.Build.targets", """
            <Project><Target Name="WriteSettings" BeforeTargets="BeforeBuild"><Copy SourceFiles="../right.runsettings" DestinationFiles="written.runsettings" /></Target></Project>
            """);
        user.Write("right.runsettings", SettingsOfTheUser);
        File.SetLastWriteTimeUtc(Path.Combine(user.Path, "right.runsettings"), System.DateTime.UtcNow.AddDays(-1));

        CommandResult first = await user.TestAsync("Unit");
        user.Write("Unit/written.runsettings", "<RunSettings />");
        CommandResult second = await user.TestAsync("Unit");

        Assert.AreEqual(0, first.ExitCode, first.Output);
        Assert.AreEqual(0, second.ExitCode, second.Output);
        user.Passed();
    }

    /// <summary>VSTest says what is wrong as it does without us; one message of ours says what is missing, and the logger is there.</summary>
    [TestMethod]
    [DataRow("<RunSettings>")]
    [DataRow(null)]
    public async Task Settings_that_cannot_be_read_end_as_they_would_without_us(string? settings)
    {
        using var user = new UserFolder();
        user.WithMSTest();
        if (settings is not null)
        {
            user.Write("my.runsettings", settings);
        }

        string[] arguments = ["Unit", "-p:VSTestSetting=" + Path.Combine(user.Path, "my.runsettings")];
        CommandResult off = await user.TestAsync([.. arguments, "-p:SyncStorageEnabled=false"]);
        CommandResult on = await user.TestAsync(arguments);

        Assert.AreEqual(off.ExitCode, on.ExitCode, on.Output);
        Assert.AreNotEqual(0, on.ExitCode);
        Assert.IsTrue(on.Output.Split('\n').Where(line => line.Contains("SYNC", System.StringComparison.Ordinal)).All(line => line.Contains("SYNC0018", System.StringComparison.Ordinal)), on.Output);
        StringAssert.Contains(on.Output, "SYNC0018");
        Assert.AreEqual("completed", user.Report.State);
        user.Passed();
    }

    [TestMethod]
    public async Task Test_events_that_are_not_wanted_leave_the_settings_alone()
    {
        using var user = new UserFolder();
        user.WithMSTest(body: """[TestMethod] public void ZCrash() => Environment.FailFast("as told");""");

        CommandResult run = await user.TestAsync("Unit", "-p:SyncStorageTestEvents=never", "-v", "n");

        Assert.AreEqual(0, user.Report.Results.Observed, run.Output);
        Assert.AreEqual(0, user.Report.Results.Recovered);
        Assert.IsFalse(run.Output.Contains(".runsettings", System.StringComparison.Ordinal), run.Output);
        user.Passed();
    }
}

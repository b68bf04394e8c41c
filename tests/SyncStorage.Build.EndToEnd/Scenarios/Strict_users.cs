using System.Text.RegularExpressions;
using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>However strict a user is with warnings, and whatever the environment is like: the exit code is that of the tests.</summary>
[TestClass]
public sealed class Strict_users
{
    private const string OurCodes = "SYNC0002;SYNC0003;SYNC0004;SYNC0010;SYNC0015;SYNC0018";

    private static readonly string[][] Modes =
    [
        ["-warnaserror"],
        ["-warnaserror", "-p:SyncStorageTestEvents=Always", "--tl:on"],
        ["-warnaserror:" + OurCodes],
        ["-p:MSBuildTreatWarningsAsErrors=true"],
        ["-p:MSBuildWarningsAsErrors=" + OurCodes.Replace(";", "%3B", StringComparison.Ordinal)],
        ["-p:TreatWarningsAsErrors=true"],
    ];

    private static readonly Dictionary<string, (Action<Stage> Arrange, string Code)> Troubles = new()
    {
        ["an invalid setting"] = (stage => stage.Trial.Environment["SyncStorageStartupTimeout"] = "soon", "SYNC0002"),
        ["a directory that cannot be written"] = (stage => stage.Trial.Environment["SyncStorageDirectory"] = "/proc/nowhere", "SYNC0004"),
        ["Test IT out of reach"] = (stage => stage.Trial.Environment["TMS_URL"] = $"http://127.0.0.1:{Ports.Free()}", "SYNC0015"),
        ["a server that cannot start"] = (stage => stage.UsePackage(package => File.WriteAllText(Path.Combine(package, "server", "SyncStorage.Server.dll"), "no program")), "SYNC0003"),
        ["no server"] = (stage => stage.UsePackage(package => File.Delete(Path.Combine(package, "server", "SyncStorage.Server.dll"))), "SYNC0003"),
    };

    public static IEnumerable<object[]> Cases => Modes.SelectMany(mode => Troubles.Keys.Select(trouble => new object[] { string.Join(' ', mode), trouble }));

    [TestMethod]
    [DynamicData(nameof(Cases))]
    [TestCategory(Promise.SameExitCode)]
    public async Task Have_our_warnings_as_messages(string mode, string trouble)
    {
        TimedResult off = await BuiltProjects.BaselineOf(Kind.Passing);
        await using Stage stage = await Stage.SetAsync();
        (Action<Stage> arrange, string code) = Troubles[trouble];
        arrange(stage);

        TimedResult on = await stage.Trial.RunAsync(Kind.Passing, mode.Split(' '));

        Assert.AreEqual(off.ExitCode, on.ExitCode, on.Output);
        Assert.IsFalse(Regex.IsMatch(on.Output, "error( SYNC|.*Data collector)"), on.Output);
        if (!mode.Contains("--tl:on", StringComparison.Ordinal))
        {
            // The terminal logger shows no messages of a project that succeeds.
            StringAssert.Contains(on.Output, code);
        }

        stage.Trial.Passed();
    }

    [TestMethod]
    [DataRow("with=equals")]
    [DataRow("with;semicolon")]
    [DataRow("with blank")]
    [DataRow("mit-Ümläut")]
    [DataRow("o'quote")]
    [DataRow("a\"quote")]
    [DataRow("a,b|c&d")]
    [DataRow("$(x)@(y)")]
    [TestCategory(Promise.SameExitCode)]
    public async Task May_name_the_temporary_folder_and_ours_as_they_like(string name)
    {
        using var trial = new Trial();
        trial.Environment["TMPDIR"] = Directory.CreateDirectory(Path.Combine(trial.Temporary, name)).FullName;
        trial.Environment["SyncStorageDirectory"] = Path.Combine(trial.Results, name);

        TimedResult run = await trial.RunAsync(Kind.Passing);

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual("completed", trial.AssertAccounted(Kind.Passing.Ran, run.Output).State);
        trial.Passed();
    }

    [TestMethod]
    [DataRow(" 1 ", true)]
    [DataRow("YES", true)]
    [DataRow("on", true)]
    [DataRow("0", false)]
    [DataRow(" No ", false)]
    [DataRow("OFF", false)]
    public async Task Write_switches_as_they_like(string value, bool isOn)
    {
        using var trial = new Trial();
        trial.Environment["SyncStorageFailOnError"] = value;

        TimedResult run = await trial.RunAsync(Kind.Passing, "-p:SyncStorageEnabled=" + value);
        TimedResult trouble = await trial.RunAsync(Kind.Passing, "-p:SyncStoragePort=notaport");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.HasCount(isOn ? 1 : 0, Regex.Matches(run.Output, @"\d+ results: "), run.Output);
        Assert.AreEqual(isOn ? 1 : 0, trouble.ExitCode, trouble.Output);
        trial.Passed();
    }

    [TestMethod]
    [DataRow("SyncStorageEnabled", 0)]
    [DataRow("SyncStorageFailOnError", 1)]
    [DataRow("SyncStoragePublish", 1)]
    public async Task Hear_of_a_switch_that_is_none(string property, int reports)
    {
        using var trial = new Trial();

        TimedResult run = await trial.RunAsync(Kind.Passing, $"-p:{property}=maybe");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        StringAssert.Contains(run.Output, $"warning SYNC0002: property {property} is 'maybe'");
        Assert.HasCount(reports, trial.Reports);
        trial.Passed();
    }

    [TestMethod]
    [DataRow("DOTNET_ROLL_FORWARD", "LatestPatch")]
    [DataRow("DOTNET_ROLL_FORWARD", "Minor")]
    [DataRow("DOTNET_ROLL_FORWARD_TO_PRERELEASE", "1")]
    [DataRow("DOTNET_gcServer", "1")]
    [DataRow("DOTNET_DefaultDiagnosticPortSuspend", "0")]
    [DataRow("COREHOST_TRACE", "0")]
    [TestCategory(Promise.SameExitCode)]
    public async Task May_set_what_their_tests_need_of_the_runtime(string variable, string value)
    {
        using var trial = new Trial();
        trial.Environment[variable] = value;

        TimedResult run = await trial.RunAsync(Kind.Passing);

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual("completed", trial.AssertAccounted(Kind.Passing.Ran, run.Output).State);
        trial.Passed();
    }

    [TestMethod]
    public async Task Are_told_once_why_the_server_could_not_start()
    {
        await using Stage stage = await Stage.SetAsync();
        stage.UsePackage(package =>
        {
            string configuration = Path.Combine(package, "server", "SyncStorage.Server.runtimeconfig.json");
            File.WriteAllText(configuration, Regex.Replace(File.ReadAllText(configuration), "\"version\": \"8[^\"]*\"", "\"version\": \"99.0.0\""));
        });

        TimedResult run = await stage.Trial.RunAsync(Kind.Passing);

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.HasCount(1, Regex.Matches(run.Output, @"SYNC\d{4}"), run.Output);
        StringAssert.Contains(run.Output, "SYNC0003: the server could not be started: You must install or update .NET");
        Assert.IsFalse(Regex.IsMatch(run.Output, @"within \d+ s"), run.Output);
        stage.Trial.Passed();
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    [TestCategory(Promise.NothingLost)]
    public async Task May_have_a_file_system_that_refuses_to_change_modes(bool areFoldersOpen)
    {
        using var trial = new Trial();
        using RefusedModes disk = await RefusedModes.MountAsync(trial.Results, areFoldersOpen);

        TimedResult run = await trial.RunAsync(Kind.Passing);

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Report report = trial.AssertAccounted(Kind.Passing.Ran, run.Output);
        Assert.AreEqual(areFoldersOpen ? 1 : 0, Regex.Count(run.Output, "cannot be made private"), run.Output);
        if (!areFoldersOpen && !OperatingSystem.IsWindows())
        {
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(report.Folder));
        }

        trial.Passed();
    }

    [TestMethod]
    public async Task Are_not_told_the_middle_of_a_run_as_its_end_when_the_disk_is_full()
    {
        using var trial = new Trial();
        using SmallDisk disk = await SmallDisk.MountAsync(trial.Results, kilobytes: 256);

        TimedResult run = await trial.RunAsync(Kind.Waiting, () =>
        {
            disk.Fill();
            return Task.CompletedTask;
        });

        Assert.AreEqual(0, run.ExitCode, run.Output);
        StringAssert.Contains(run.Output, "SYNC0004: the final report of run");
        Assert.IsFalse(Regex.IsMatch(run.Output, @"\d+ results: \d+ sent"), run.Output);
        trial.Passed();
    }

    /// <summary>The server starts before the build, and the build copies what the evaluation has found before that.</summary>
    [TestMethod]
    [TestCategory(Promise.SameExitCode)]
    public async Task May_copy_every_json_file_below_the_project()
    {
        using var user = new UserFolder();
        user.WithMSTest();
        string project = Path.Combine(user.Path, "Unit", "Unit.csproj");
        File.WriteAllText(project, File.ReadAllText(project).Replace(
            "</Project>",
            """<ItemGroup><Content Include="TestResults/**/*.json*" CopyToOutputDirectory="PreserveNewest" /></ItemGroup></Project>""",
            StringComparison.Ordinal));
        string folder = Path.GetDirectoryName(project)!;
        CommandResult first = await Command.RunAsync(folder, ["test"], user.Environment);
        string old = Path.GetDirectoryName(Directory.GetFiles(Path.Combine(folder, "TestResults", "SyncStorage"), "report.json", SearchOption.AllDirectories).Single())!;
        foreach (string file in Directory.GetFiles(old))
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-15));
        }

        CommandResult second = await Command.RunAsync(folder, ["test"], user.Environment);

        Assert.AreEqual(0, first.ExitCode, first.Output);
        Assert.AreEqual(0, second.ExitCode, second.Output);
        Assert.IsFalse(Directory.Exists(old), "removed after the tests");
        Assert.IsNotEmpty(Directory.GetFiles(Path.Combine(folder, "bin"), "report.json", SearchOption.AllDirectories));
        user.Passed();
    }
}

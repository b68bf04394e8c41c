using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>More assemblies at a time than a machine has cores, all with the same names and so the same test case ids; each host of odd number dies.</summary>
[TestClass]
public sealed class Many_at_once
{
    private const int Many = 12;

    // Of each: One, Two and Three are through when ZCrash begins. A host that dies takes none of them with it.
    private const int ResultsOfEach = 4;

    [TestMethod]
    [TestCategory(Promise.NothingLost)]
    public async Task Assemblies_of_one_call_are_one_worker_with_every_result()
    {
        using UserFolder user = await BuildAsync();
        user.WithHandWrittenSettings();

        CommandResult run = await user.DotnetAsync(
            ["vstest", .. Enumerable.Range(0, Many).Select(number => $"Unit{number}/bin/Debug/net10.0/Unit.dll"), "--Parallel",
            "--Settings:sync.runsettings", "--TestAdapterPath:" + Path.Combine(Packages.Unpacked, "logger"), "--", "RunConfiguration.MaxCpuCount=0"]);

        AssertEveryResult(user.Report, workers: 1, run);
        user.Passed();
    }

    [TestMethod]
    [TestCategory(Promise.NothingLost)]
    public async Task Projects_of_one_call_are_a_worker_each_with_every_result()
    {
        using UserFolder user = await BuildAsync();

        CommandResult run = await user.TestAsync("All.proj", "--no-build", "-m:" + Many, "--", "RunConfiguration.MaxCpuCount=0");

        AssertEveryResult(user.Report, workers: Many, run);
        user.Passed();
    }

    private static void AssertEveryResult(Report report, int workers, CommandResult run)
    {
        Assert.AreEqual(1, run.ExitCode, run.Output);
        Assert.HasCount(workers, report.AssertWhole().Workers, run.Output);
        Assert.AreEqual(Many * ResultsOfEach, report.Results.Observed, run.Output);
        Assert.AreEqual(new Outcomes((Many * 2) + (Many / 2), Many / 2, Many), report.Results.Outcomes, run.Output);
        Assert.HasCount(Many / 2, report.Lines.Where(line => line.Outcome == "Failed" && line.FullyQualifiedName == "Unit.Tests.ZCrash" && line.Recovered));
    }

    /// <summary>Built once and copied: NuGet and the compiler see one project.</summary>
    private static async Task<UserFolder> BuildAsync()
    {
        var user = new UserFolder();
        user.WithMSTest(body: """
            [TestMethod] public void ZCrash()
            {
                if (int.Parse(System.Text.RegularExpressions.Regex.Match(AppContext.BaseDirectory, @"Unit(\d+)").Groups[1].Value) % 2 == 1) Environment.FailFast("as told");
            }
            """);
        CommandResult built = await user.DotnetAsync("build", "Unit");
        Assert.AreEqual(0, built.ExitCode, built.Output);
        string unit = Path.Combine(user.Path, "Unit");
        foreach (string file in Directory.GetFiles(unit, "*", SearchOption.AllDirectories))
        {
            for (int number = 0; number < Many; number++)
            {
                string copy = Path.Combine(unit + number, Path.GetRelativePath(unit, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        }

        Directory.Delete(unit, recursive: true);
        // No solution takes two projects of one name.
        user.Write("All.proj", """
            <Project><ItemGroup><Unit Include="*/Unit.csproj" /></ItemGroup><Target Name="VSTest"><MSBuild Projects="@(Unit)" Targets="VSTest" BuildInParallel="true" /></Target></Project>
            """);
        return user;
    }
}

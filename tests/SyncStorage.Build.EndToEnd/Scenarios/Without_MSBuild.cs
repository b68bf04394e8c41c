using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

[TestClass]
public sealed class Without_MSBuild
{
    [TestMethod]
    public async Task A_hand_written_runsettings_is_enough()
    {
        using var user = new UserFolder();
        user.WithMSTest();
        await user.DotnetAsync("build", "Unit");
        user.WithHandWrittenSettings();

        CommandResult run = await user.DotnetAsync("vstest", "Unit/bin/Debug/net10.0/Unit.dll", "--Settings:sync.runsettings", "--TestAdapterPath:" + Path.Combine(Packages.Unpacked, "logger"));

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Report report = user.Report.AssertWhole();
        Assert.AreEqual("by-hand", report.TestRunId);
        Assert.AreEqual(3, report.Results.Observed);
        Assert.HasCount(1, report.Workers);
        user.Passed();
    }

    [TestMethod]
    public async Task The_collector_beside_it_saves_the_results_of_several_test_hosts_at_once()
    {
        using var user = new UserFolder();
        const string Crashes = """[TestMethod] public void ZCrash() => Environment.FailFast("as told");""";
        user.WithMSTest("One", Crashes).WithMSTest("Two").WithMSTest("Three", Crashes).WithSolution();
        await user.DotnetAsync("build", "All.slnx");
        user.WithHandWrittenSettings();

        CommandResult run = await user.DotnetAsync(
            "vstest", "One/bin/Debug/net10.0/One.dll", "Two/bin/Debug/net10.0/Two.dll", "Three/bin/Debug/net10.0/Three.dll", "--Parallel",
            "--Settings:sync.runsettings", "--TestAdapterPath:" + Path.Combine(Packages.Unpacked, "logger"), "--", "RunConfiguration.MaxCpuCount=0");

        Assert.AreEqual(1, run.ExitCode, run.Output);
        Report report = user.Report.AssertWhole();
        Assert.AreEqual(11, report.Results.Observed, run.Output);
        Assert.AreEqual(new Outcomes(6, 2, 3), report.Results.Outcomes);
        Assert.HasCount(2, report.Lines.Where(line => line.Outcome == "Failed" && line.FullyQualifiedName.EndsWith("ZCrash", System.StringComparison.Ordinal) && line.Recovered));
        Assert.IsTrue(report.Lines.Where(line => line.FullyQualifiedName.StartsWith("Two", System.StringComparison.Ordinal)).All(line => !line.Recovered));
        user.Passed();
    }
}

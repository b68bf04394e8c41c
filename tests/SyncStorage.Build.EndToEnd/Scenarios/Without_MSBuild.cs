using System.IO;
using System.Threading.Tasks;
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
        user.Write("sync.runsettings", """
            <RunSettings>
              <DataCollectionRunSettings><DataCollectors>
                <DataCollector friendlyName="SyncStorage" uri="datacollector://SyncStorage/v1">
                  <Configuration><TestRunId>by-hand</TestRunId><Port>0</Port></Configuration>
                </DataCollector>
              </DataCollectors></DataCollectionRunSettings>
              <LoggerRunSettings><Loggers>
                <Logger friendlyName="SyncStorage" uri="logger://SyncStorage/v1" enabled="true"><Configuration><TestRunId>by-hand</TestRunId><Port>0</Port></Configuration></Logger>
              </Loggers></LoggerRunSettings>
            </RunSettings>
            """);

        CommandResult run = await user.DotnetAsync(
            "vstest", "Unit/bin/Debug/net10.0/Unit.dll", "--Settings:sync.runsettings",
            "--TestAdapterPath:" + Path.Combine(Packages.Unpacked, "collector"), "--TestAdapterPath:" + Path.Combine(Packages.Unpacked, "logger"));

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Report report = user.Report.AssertWhole();
        Assert.AreEqual("by-hand", report.TestRunId);
        Assert.AreEqual(3, report.Results.Observed);
        Assert.HasCount(1, report.Workers);
        user.Passed();
    }
}

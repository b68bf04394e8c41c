using System;
using System.Collections.Generic;
using System.IO;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Guests.Tests;

/// <summary>Guests that no MSBuild target attached: `dotnet vstest` with a .runsettings written by hand.</summary>
[TestClass]
public sealed class GuestSessionTests
{
    private static readonly TestConsole Console = new(Environment.ProcessId, ["vstest.console.dll", "--Settings:x.runsettings", typeof(GuestSessionTests).Assembly.Location]);

    private readonly string _directory = Path.Combine(Path.GetTempPath(), "guests-" + Guid.NewGuid().ToString("N"));

    [TestCleanup]
    public void Remove() => Folders.Remove(Session.ForKey(Console.Key).Directory);

    [TestMethod]
    public void The_worker_is_described_by_the_settings_and_the_test_assembly()
    {
        using GuestSession guest = Join(("TestRunId", "5a2e2f2c-6c5e-4c8e-9d0a-0d9f3d0b9d11"), ("Directory", _directory), ("TestEvents", "never"), ("Unknown", "x"))!;

        WorkerDescription worker = guest.Worker;
        Assert.AreEqual(
            ("5a2e2f2c-6c5e-4c8e-9d0a-0d9f3d0b9d11", _directory, "Never", "SyncStorage.Guests.Tests", "net10.0"),
            (worker.TestRunId, worker.Directory, worker.TestEvents, worker.Project, worker.TargetFramework));
        Assert.IsTrue(guest.IsOwner);
        Assert.IsTrue(guest.Session.HasLeases());
        Assert.AreEqual(Environment.ProcessId, guest.Session.ReadStart()!.WatchedProcess);
        Assert.IsEmpty(guest.Problems);
    }

    [TestMethod]
    public void Collector_and_logger_are_one_worker_of_one_run_whoever_is_first()
    {
        using GuestSession logger = Join(("Directory", _directory), ("Port", "0"))!;
        using GuestSession collector = Join()!;

        Assert.AreEqual(logger.Session.Directory, collector.Session.Directory);
        Assert.AreEqual(logger.Worker, collector.Worker);
        Assert.HasCount(1, collector.Session.ReadRuns());
        Assert.AreEqual((0, _directory), (collector.Session.ReadStart()!.Port, collector.Session.ReadStart()!.Directory));
    }

    [TestMethod]
    public void The_next_run_of_the_same_process_is_another_worker()
    {
        GuestSession first = Join(("TestRunId", "nightly"))!;
        first.Dispose();
        Folders.Remove(first.Session.Directory);

        using GuestSession second = Join(("TestRunId", "nightly"))!;

        Assert.AreNotEqual(first.Worker.Pid, second.Worker.Pid);
    }

    [TestMethod]
    public void The_session_is_held_until_the_last_guest_leaves()
    {
        using GuestSession logger = Join()!;
        GuestSession collector = Join()!;

        collector.Dispose();
        Assert.IsTrue(logger.Session.HasLeases());
        logger.Dispose();
        Assert.IsFalse(logger.Session.HasLeases());
    }

    [TestMethod]
    public void A_wrong_setting_is_named_with_its_source_and_ignored()
    {
        using GuestSession guest = Join(("Port", "banana"))!;

        SettingProblem problem = guest.Problems[0];
        Assert.AreEqual("SYNC0002", problem.Code);
        StringAssert.Contains(problem.Message, "Port in the .runsettings is 'banana'");
        Assert.AreEqual(49152, guest.Session.ReadStart()!.Port);
    }

    [TestMethod]
    public void A_token_in_the_settings_is_refused_and_kept_nowhere()
    {
        const string Token = "canary-token";
        using GuestSession guest = Join(("privateToken", Token))!;

        Assert.AreEqual("SYNC0001", guest.Problems[0].Code);
        Assert.IsFalse(guest.Problems[0].Message.Contains(Token, StringComparison.Ordinal));
        foreach (string file in Directory.GetFiles(guest.Session.Directory, "*.json", SearchOption.AllDirectories))
        {
            Assert.IsFalse(File.ReadAllText(file).Contains(Token, StringComparison.Ordinal), file);
        }
    }

    [TestMethod]
    public void It_can_be_switched_off() => Assert.IsNull(Join(("Enabled", "false")));

    [TestMethod]
    public void What_is_written_at_one_guest_counts_for_both()
    {
        const string RunSettings = """
            <RunSettings>
              <DataCollectionRunSettings><DataCollectors>
                <DataCollector friendlyName="Code Coverage"><Configuration><Directory>no</Directory></Configuration></DataCollector>
                <DataCollector friendlyName="syncstorage"><Configuration><Port>0</Port><TestRunId>from-collector</TestRunId></Configuration></DataCollector>
              </DataCollectors></DataCollectionRunSettings>
              <LoggerRunSettings><Loggers><Logger uri="logger://SyncStorage/v1"><Configuration><TestRunName>nightly</TestRunName></Configuration></Logger></Loggers></LoggerRunSettings>
            </RunSettings>
            """;
        Dictionary<string, string> values = GuestConfiguration.Of([new("TestRunId", "own")]);

        GuestConfiguration.AddFromRunSettings(values, RunSettings);

        CollectionAssert.AreEquivalent(new Dictionary<string, string> { ["TestRunId"] = "own", ["Port"] = "0", ["TestRunName"] = "nightly" }, values);
    }

    [TestMethod]
    [DataRow("dotnet vstest.console.dll --port 1", null)]
    [DataRow("vstest.console.dll /t/A.Tests.dll /t/B.Tests.dll", "/t/A.Tests.dll")]
    [DataRow("vstest.console.dll --TestAdapterPath:x.dll **/*Tests.dll /t/B.exe", "/t/B.exe")]
    [DataRow("dotnet /sdk/vstest.console.dll /t/B.dll", "/t/B.dll")]
    public void The_test_assembly_is_read_off_the_command_line(string commandLine, string? assembly)
        => Assert.AreEqual(assembly, new TestConsole(1, commandLine.Split(' ')).TestAssembly);

    [TestMethod]
    [DataRow(".NETCoreApp,Version=v10.0", "net10.0")]
    [DataRow(".NETCoreApp,Version=v3.1", "netcoreapp3.1")]
    [DataRow(".NETFramework,Version=v4.7.2", "net472")]
    [DataRow("anything", null)]
    [DataRow(null, null)]
    public void Frameworks_have_their_short_names(string? name, string? expected)
        => Assert.AreEqual(expected, TestLogger.TestFrameworkName.ToShort(name));

    private static GuestSession? Join(params (string Name, string Value)[] configuration)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, string value) in configuration)
        {
            values[name] = value;
        }

        return GuestSession.Join(values, () => Console);
    }
}

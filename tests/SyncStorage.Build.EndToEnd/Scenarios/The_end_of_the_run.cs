using System.Globalization;
using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>How long `dotnet test` takes longer than without the package. Bounds that a loaded machine keeps, and a product that waits does not.</summary>
[TestClass]
public sealed class The_end_of_the_run
{
    public TestContext TestContext { get; set; } = null!;

    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    [TestMethod]
    [TestCategory(Promise.BoundedTime)]
    public async Task Waits_for_the_last_batch_only_when_all_is_well()
    {
        TimedResult off = await BuiltProjects.BaselineOf(Kind.ThreePassing);
        await using Stage stage = await Stage.SetAsync();
        // So long that a wait for anything but the batch would be seen.
        stage.Trial.Environment["SyncStorageCompletionTimeout"] = "120";

        TimedResult on = await stage.Trial.RunAsync(Kind.ThreePassing);

        Assert.AreEqual(15, stage.Trial.AssertAccounted(15, on.Output).Results.Sent, on.Output);
        Assert.IsLessThan((off.Took * 3) + Margin, on.Took, on.Output);
        stage.Trial.Passed();
    }

    /// <summary>A wait per project would be three times the timeout, a wait per request 30 s and more.</summary>
    [TestMethod]
    [DataRow("1")]
    [DataRow("0")]
    [TestCategory(Promise.SameExitCode)]
    [TestCategory(Promise.BoundedTime)]
    [TestCategory(Promise.NothingLost)]
    [TestCategory(Promise.NothingLeft)]
    public async Task Waits_for_a_silent_Test_IT_once_for_all_projects(string adapterMode)
    {
        const int timeout = 15;
        TimedResult off = await BuiltProjects.BaselineOf(Kind.ThreePassing);
        await using Stage stage = await Stage.SetAsync();
        stage.TestIt.Faults.BlackHole = true;
        stage.Trial.Environment["SyncStorageCompletionTimeout"] = "15";
        stage.Trial.Environment["TMS_ADAPTER_MODE"] = adapterMode;

        TimedResult on = await stage.Trial.RunAsync(Kind.ThreePassing);

        Assert.AreEqual(off.ExitCode, on.ExitCode, on.Output);
        TestContext.WriteLine(string.Create(CultureInfo.InvariantCulture, $"longer: {(on.Took - off.Took).TotalSeconds:0.0} s (Test IT silent, three projects, mode {adapterMode}, SyncStorageCompletionTimeout {timeout})"));
        Assert.AreEqual(15, stage.Trial.AssertAccounted(15, on.Output).Results.Spooled, on.Output);
        Assert.IsLessThan((off.Took * 2) + TimeSpan.FromSeconds(timeout) + Margin, on.Took, on.Output);
        await stage.Trial.AssertNothingLeftAsync();
        stage.Trial.Passed();
    }

    /// <summary>Thousand results, each of which would cost the 2 s of a deadline if a test waited for the network.</summary>
    [TestMethod]
    [TestCategory(Promise.BoundedTime)]
    public async Task Comes_no_later_for_a_server_that_hangs_while_many_tests_run()
    {
        using var user = new UserFolder("many");
        using var trial = new Trial();
        user.WithXunit("Many");
        user.Write("Many/Thousand.cs", """
            using Xunit; using System; using System.IO; using System.Linq; using System.Threading;
            public class Thousand
            {
                public static TheoryData<int> Numbers { get { var all = new TheoryData<int>(); for (int i = 0; i < 996; i++) all.Add(i); return all; } }
                [Theory] [MemberData(nameof(Numbers))] public void T(int n)
                {
                    if (n == 0) return;
                    File.WriteAllText(Environment.GetEnvironmentVariable("MARK")!, "");
                    for (int i = 0; i < 1200 && !File.Exists(Environment.GetEnvironmentVariable("GO")); i++) Thread.Sleep(50);
                }
            }
            """);
        CommandResult built = await user.DotnetAsync("build", "Many");
        Assert.AreEqual(0, built.ExitCode, built.Output);
        using Command test = Command.Start(user.Path, ["test", "Many", "--no-build"], trial.Environment);
        await trial.UntilWaitingAsync(test);
        Processes.Signal(trial.Servers.Single(), "STOP");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        trial.Go();

        CommandResult result = await test.WaitAsync();

        Assert.AreEqual(0, result.ExitCode, result.Output);
        Assert.IsLessThan(TimeSpan.FromSeconds(40), clock.Elapsed, result.Output);
        trial.AssertAccounted(null, result.Output);
        Assert.AreEqual(1000, trial.Report.Results.Observed);
        await trial.AssertNothingLeftAsync();
        trial.Passed();
        user.Passed();
    }
}

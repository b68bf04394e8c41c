using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>Test IT answers 503 exactly when the run is to be ended.</summary>
[TestClass]
public sealed class The_held_result_in_an_outage
{
    [TestMethod]
    public async Task Becomes_final_when_Test_IT_is_back_within_the_completion_timeout()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        using var user = new UserFolder();
        user.Publishing(testIt, "2").WithMSTest();
        AnswerUnavailableToTheFinalStatus(testIt);

        using Command running = user.Start("test", "Unit", "-p:SyncStorageCompletionTimeout=100");
        await Wait.UntilAsync(() => testIt.Requests.Any(IsFinalStatus), TimeSpan.FromSeconds(120), () => running.Output);
        await Wait.UntilAsync(() => TellsWhatIsLeft(user), TimeSpan.FromSeconds(5), () => "the report does not tell what is left");
        await Wait.UntilAsync(() => testIt.Requests.Count(IsFinalStatus) > 3, TimeSpan.FromSeconds(60), () => running.Output);
        testIt.Faults.ErrorRate = 0;
        CommandResult result = await running.WaitAsync();

        Assert.AreEqual(0, result.ExitCode, result.Output);
        Assert.AreEqual(3, user.Report.AssertWhole().Results.Sent, result.Output);
        Assert.AreEqual("Completed", testIt.Runs.Single().State);
        Assert.IsEmpty(testIt.Check(testIt.Runs.Single()));
        Assert.IsFalse(result.Output.Contains("SYNC0015", StringComparison.Ordinal), result.Output);
        user.Passed();
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task Is_told_and_made_final_later_when_the_completion_timeout_is_over_before(bool byTheNextRun)
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false });
        using var user = new UserFolder();
        user.Publishing(testIt, "2").WithMSTest();
        AnswerUnavailableToTheFinalStatus(testIt);

        CommandResult result = await user.TestAsync("Unit", "-p:SyncStorageCompletionTimeout=4");

        Assert.AreEqual(0, result.ExitCode, result.Output);
        Report left = user.Report;
        TestRun run = testIt.Runs.Single();
        Assert.AreEqual(("completed", false), (left.State, left.InProgress!.Finalized), result.Output);
        Assert.IsTrue(result.Output.Split('\n').Any(line => line.Contains("SYNC0015", StringComparison.Ordinal)
            && line.Contains(left.InProgress.AutoTestExternalId, StringComparison.Ordinal) && line.Contains("--resend", StringComparison.Ordinal)), result.Output);
        Assert.AreEqual("InProgress", run.State);

        testIt.Faults.ErrorRate = 0;
        CommandResult later = byTheNextRun
            ? await user.TestAsync("Unit", "--no-build")
            : await user.DotnetAsync("msbuild", "Unit", "-t:SyncStorageResend");
        Assert.AreEqual(0, later.ExitCode, later.Output);
        Assert.AreEqual("Completed", run.State, later.Output);
        Assert.IsEmpty(testIt.Check(run));
        Assert.AreEqual(3, user.Reports.Single(report => report.TestRunId == run.Id).AssertWhole().Results.Sent, later.Output);
        user.Passed();
    }

    private static bool IsFinalStatus(RecordedRequest request) => IsFinalStatus(request.Method, request.Path);

    private static bool IsFinalStatus(string method, string path) => method == "PUT" && path.Contains("/testResults/", StringComparison.Ordinal);

    private static void AnswerUnavailableToTheFinalStatus(TestItServer testIt)
    {
        testIt.Faults.Applies = IsFinalStatus;
        testIt.Faults.ErrorRate = 1;
    }

    private static bool TellsWhatIsLeft(UserFolder user)
        => Directory.EnumerateFiles(user.Path, "report.json", SearchOption.AllDirectories).Any(path => File.ReadAllText(path).Contains("SYNC0015", StringComparison.Ordinal));
}

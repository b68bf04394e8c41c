using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

[TestClass]
public sealed class One_solution_of_every_framework
{
    [TestMethod]
    public async Task Becomes_one_run_with_one_master()
    {
        using var user = new UserFolder();
        user.WithMSTest().WithNUnit().WithXunit().WithXunitV3().WithFSharp().WithVisualBasic()
            .WithMSTest("Twice", properties: "<TargetFramework></TargetFramework><TargetFrameworks>net8.0;net10.0</TargetFrameworks><RollForward>Major</RollForward>")
            .WithSolution();

        CommandResult run = await user.TestAsync("-m");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Report report = user.Report.AssertWhole();
        Assert.AreEqual(8, report.Workers.Count, run.Output);
        CollectionAssert.AreEquivalent(
            new[] { "Unit net10.0", "NunitTests net10.0", "Xunit2 net10.0", "Xunit3 net10.0", "Fsharp net10.0", "Vb net10.0", "Twice net8.0", "Twice net10.0" },
            report.Workers.Select(w => $"{w.Project} {w.TargetFramework}").ToList());
        Assert.IsTrue(report.Workers.All(w => w.Status == "completed"), "every worker completed");
        Assert.AreEqual(new Outcomes(Passed: 2 + 4 + 3 + 3 + 1 + 1 + 2 + 2, Failed: 0, Skipped: 1 + 2 + 1 + 1 + 1 + 1), report.Results.Outcomes);
        StringAssert.Contains(run.Output, $"Sync Storage: run {report.TestRunId} completed, 8 workers");
        user.Passed();
    }
}

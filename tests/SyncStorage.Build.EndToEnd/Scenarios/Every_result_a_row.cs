using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>
/// Results that are easily taken for each other, into a Test IT that completes the run as soon as nothing in it is open: of either rule by which a
/// final result takes an open row over.
/// </summary>
[TestClass]
public sealed class Every_result_a_row
{
    [TestMethod]
    [DataRow(MergeRule.Never)]
    [DataRow(MergeRule.EqualOrEmpty)]
    public async Task Whatever_has_the_same_name_has_a_row_and_an_outcome_of_its_own(MergeRule rule)
    {
        (IReadOnlyList<ResultLine> results, TestRun run, string rows, string output) = await RunAsync(rule, "All.slnx");
        Assert.AreEqual(results.Count, run.Rows.Count, output + "\n" + rows);
        foreach (string word in (string[])["Passed", "Failed"])
        {
            string status = word == "Passed" ? "Succeeded" : word;
            Assert.AreEqual(results.Count(line => line.Outcome == word), run.Rows.Count(row => row.StatusType == status), word + "\n" + rows);
        }

        StringAssert.Contains(output, "SYNC0020");
        Assert.AreEqual("", string.Join('\n', Expected.Except(rows.Split('\n'))), rows);
        CollectionAssert.AreEquivalent(new[] { "Succeeded", "Failed" }, Statuses("SamePasses"), rows);
        CollectionAssert.AreEquivalent(new[] { "X2-pay-card", "X2-pay-cash", "X3-pay-card", "X3-pay-cash" }, run.Rows.Select(row => row.ExternalId).Where(id => id.Contains("-pay-")).ToArray());
        string[] Statuses(string test) => rows.Split('\n').Where(row => row.StartsWith(test, StringComparison.Ordinal)).Select(row => row.Split(": ")[^1]).ToArray();
        Assert.IsFalse(run.Rows.Any(row => row.ExternalId.Contains('{')), "a template is no id");
    }

    [TestMethod]
    [DataRow(MergeRule.Never, "Several", "SeveralPass {targetFramework=net10.0}: Succeeded", "SeveralPass {targetFramework=net8.0}: Failed",
        "SeveralRows {n=1, targetFramework=net10.0}: Failed", "SeveralRows {n=1, targetFramework=net8.0}: Succeeded")]
    [DataRow(MergeRule.EqualOrEmpty, "Several", "SeveralPass {targetFramework=net10.0}: Succeeded", "SeveralPass {targetFramework=net8.0}: Failed",
        "SeveralRows {n=1, targetFramework=net10.0}: Failed", "SeveralRows {n=1, targetFramework=net8.0}: Succeeded")]
    public async Task Rows_are_named_alike_whoever_comes_first(MergeRule rule, string project, params string[] expected)
    {
        (_, _, string rows, _) = await RunAsync(rule, project);
        Assert.AreEqual(string.Join('\n', expected), rows);
    }

    private static readonly string[] Expected =
    [
        "MsPays {order=Ms.Order}: Failed", "MsPays {order=Ms.Order, repeat=2}: Succeeded",
        "NuPays {order=Nu.Order}: Failed", "NuPays {order=Nu.Order, repeat=2}: Succeeded",
        "NuOpens {browser=chrome}: Succeeded", "NuOpens {browser=firefox}: Failed", "NuFlaky {}: Succeeded",
        "X2Pays {order=Order { }}: Failed", "X2Pays {order=Order { }, repeat=2}: Succeeded",
        "X3Pays {order=Order { }}: Failed", "X3Pays {order=Order { }, repeat=2}: Succeeded",
        "X3Twice {n=1}: Failed", "X3Twice {n=1, repeat=2}: Succeeded",
        "Fs pays {order=Fs.Order}: Failed", "Fs pays {order=Fs.Order, repeat=2}: Succeeded",
        "VbPays {order=Vb.Order}: Failed", "VbPays {order=Vb.Order, repeat=2}: Succeeded",
        "MsNeverRuns {}: Failed", "MsHangs {}: Failed", "MsHangs {repeat=2}: Failed",
        "SeveralPass {targetFramework=net10.0}: Succeeded", "SeveralPass {targetFramework=net8.0}: Failed",
        "Order is paid(how: \"card\", n: 1) {how=card, n=1}: Succeeded", "Order is paid(how: \"cash\", n: 0) {how=cash, n=0}: Failed",
    ];

    private static async Task<(IReadOnlyList<ResultLine> Results, TestRun Run, string Rows, string Output)> RunAsync(MergeRule rule, string target)
    {
        string folder = await LikeNamed.FolderAsync();
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { MergeRule = rule });
        using var trial = new Trial();
        TestRun run = trial.Publish(testIt);
        CommandResult result = await Command.RunAsync(folder, ["test", target, "--no-build", "--results-directory", Path.Combine(trial.Folder, "vstest")], trial.Environment);
        Assert.AreEqual(1, result.ExitCode, result.Output);
        Report report = trial.Report.AssertWhole();
        Assert.AreEqual(report.Results.Observed, report.Results.Sent, result.Output);
        Assert.AreEqual("", string.Join('\n', testIt.Check(run)), testIt.RowsOf(run));
        Assert.AreEqual(("Completed", 1), (run.State, run.HeldPosts), result.Output);
        IReadOnlyList<ResultLine> lines = report.Lines;
        trial.Passed();
        return (lines, run, testIt.RowsOf(run), result.Output);
    }
}

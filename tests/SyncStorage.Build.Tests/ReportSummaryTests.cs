using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Build.Tests;

[TestClass]
public sealed class ReportSummaryTests
{
    private readonly RunFolder _run = RunFolder.At(Directory.CreateTempSubdirectory().FullName);

    [TestCleanup]
    public void CleanUp() => Folders.Remove(_run.Path);

    [TestMethod]
    public void One_line_tells_the_run_and_the_next_ones_where_it_is_and_what_went_wrong()
    {
        string path = _run.ReportPath;
        File.WriteAllText(path, """
            {
              "testRunId": "r", "testRunUrl": "http://testit/r", "state": "completed",
              "workers": [ { "pid": "1", "isMaster": false }, { "pid": "2", "isMaster": true } ],
              "results": { "observed": 3, "sent": 1, "spooled": 1, "rejected": 1 },
              "notices": [ { "code": "SYNC0014", "message": "one was rejected" }, { "code": null, "message": "2 results of another run were sent" } ]
            }
            """);

        string[] lines = ReportSummary.Of(_run)!.ReplaceLineEndings("\n").Split('\n');

        CollectionAssert.AreEqual(
            new[]
            {
                $"Sync Storage: run r completed, 2 workers, master 2; 3 results: 1 sent, 1 spooled, 1 rejected; {path}",
                "Sync Storage: http://testit/r",
                "Sync Storage: SYNC0014: one was rejected",
                "Sync Storage: 2 results of another run were sent",
            },
            lines);
    }

    [TestMethod]
    public void A_report_from_the_middle_of_the_run_is_not_quoted_as_its_end()
    {
        File.WriteAllText(_run.ReportPath, """{ "testRunId": "r", "state": "running", "workers": [], "results": { "observed": 191, "sent": 34, "spooled": 157, "rejected": 0 } }""");
        File.WriteAllText(_run.JournalPath, "");

        string summary = ReportSummary.Of(_run)!;
        string held;
        using (new FileStream(_run.JournalPath, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            held = ReportSummary.Of(_run)!;
        }

        StringAssert.StartsWith(summary, "Sync Storage: SYNC0004: the final report of run r could not be written");
        StringAssert.StartsWith(held, "Sync Storage: SYNC0009: run r goes on in another invocation");
        Assert.IsFalse((summary + held).Contains("34"), "a count of the middle");
    }

    [TestMethod]
    public void Half_a_report_is_said_to_be_none()
    {
        File.WriteAllText(_run.ReportPath, """{ "testRunId": "r", "sta""");

        StringAssert.StartsWith(ReportSummary.Of(_run)!, "Sync Storage: SYNC0004:");
    }

    [TestMethod]
    public void Where_there_is_no_report_there_is_nothing_to_say() => Assert.IsNull(ReportSummary.Of(_run));
}

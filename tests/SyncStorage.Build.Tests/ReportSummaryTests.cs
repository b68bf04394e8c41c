using System.IO;
using SyncStorage.Results;

namespace SyncStorage.Build.Tests;

[TestClass]
public sealed class ReportSummaryTests
{
    [TestMethod]
    public void One_line_tells_the_run_and_the_next_ones_where_it_is_and_what_went_wrong()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "report.json");
        File.WriteAllText(path, """
            {
              "testRunId": "r", "testRunUrl": "http://testit/r", "state": "completed",
              "workers": [ { "pid": "1", "isMaster": false }, { "pid": "2", "isMaster": true } ],
              "results": { "observed": 3, "sent": 1, "spooled": 1, "rejected": 1 },
              "notices": [ "SYNC0014: one was rejected", "2 results of another run were sent" ]
            }
            """);

        string[] lines = ReportSummary.Of(path).ReplaceLineEndings("\n").Split('\n');

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
}

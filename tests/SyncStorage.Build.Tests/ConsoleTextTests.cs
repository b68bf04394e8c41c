using System.Text.Json;
using Microsoft.Build.Utilities;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Build.Tests;

/// <summary>What others wrote, a test's name or Test IT's answer, is read on a console and does nothing there.</summary>
[TestClass]
public sealed class ConsoleTextTests
{
    private const string Hostile = "a\u001b[2J\u009b31m\rb\nc ##vso[task.setvariable variable=x]1 ##[error]e ##teamcity[x] ::add-mask::m ::error file=a::t \u202eend";

    [TestMethod]
    [DataRow("plain, with Ünïcode 漢 and\ttabs")]
    [DataRow("http://[::1]:49152 std::vector #1 a:b")]
    [DataRow("")]
    public void What_is_plain_stays(string text) => Assert.AreSame(text, ConsoleText.Escape(text));

    [TestMethod]
    [DataRow("\u001b[31mred", "\\u001b[31mred")]
    [DataRow("a\r\nb", "a\\r\\nb")]
    [DataRow("\u009bm\0\b\u007f", "\\u009bm\\u0000\\u0008\\u007f")]
    [DataRow("\u202e\u2066\u2028", "\\u202e\\u2066\\u2028")]
    [DataRow("##vso[task.complete]", "# #vso[task.complete]")]
    [DataRow("###[error]", "# # #[error]")]
    [DataRow("::add-mask::x", ": :add-mask::x")]
    [DataRow("::error file=a,line=1::x", ": :error file=a,line=1::x")]
    public void What_a_console_obeys_is_written_out(string text, string expected) => Assert.AreEqual(expected, ConsoleText.Escape(text));

    [TestMethod]
    public void No_way_to_the_console_lets_it_through()
    {
        var run = RunFolder.At(Directory.CreateTempSubdirectory().FullName);
        File.WriteAllText(run.ReportPath, JsonSerializer.Serialize(new
        {
            testRunId = Hostile,
            testRunUrl = Hostile,
            state = "completed",
            workers = new[] { new { pid = Hostile, isMaster = true } },
            results = new { observed = 0, sent = 0, spooled = 0, rejected = 0 },
            notices = new[] { new { code = (string?)"SYNC0014", message = Hostile }, new { code = (string?)null, message = Hostile } },
        }));
        AssertHarmless(ReportSummary.Of(run)!.ReplaceLineEndings("\n").Replace("\n", "", System.StringComparison.Ordinal));

        var engine = new RecordingEngine();
        var task = new StartSyncStorage { BuildEngine = engine };
        foreach (bool failOnError in (bool[])[false, true])
        {
            var log = new DiagnosticLog(new TaskLoggingHelper(task), engine, failOnError);
            log.Write(Diagnostics.NotDecided(Hostile));
            log.Write(Diagnostics.PlanNotFetched(Hostile));
            log.Write(Diagnostics.ResultsRejected(1, [Hostile]));
        }

        foreach (string? message in engine.Warnings.Select(warning => warning.Message).Concat(engine.Errors.Select(error => error.Message)))
        {
            AssertHarmless(message!);
        }
    }

    private static void AssertHarmless(string text)
    {
        Assert.IsFalse(text.Any(char.IsControl), text);
        Assert.DoesNotContain("##", text);
        Assert.DoesNotContain("::add-mask::", text);
        Assert.DoesNotContain("::error", text);
        Assert.DoesNotContain("\u202e", text);
        Assert.Contains("end", text);
    }
}

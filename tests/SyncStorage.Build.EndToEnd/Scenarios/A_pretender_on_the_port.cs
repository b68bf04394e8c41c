using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>A program of whoever that answers as a Sync Storage would.</summary>
[TestClass]
[TestCategory(Promise.Secrets)]
public sealed class A_pretender_on_the_port
{
    private static readonly Dictionary<string, Func<HttpContext, Task<bool>>> Manners = new()
    {
        ["never answers"] = async http => { await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default); return true; },
        ["answers garbage"] = http => AnswerAsync(http, "[{\"is_master\":\u0001"),
        ["answers an endless line"] = async http => { await EndlessAsync(http); return true; },
        ["says in progress for ever"] = http => AnswerAsync(http, """{"status":"in_progress","is_master":false,"published":false,"completed":false,"message":"in_progress"}"""),
        ["takes the cut and never completes"] = http => http.Request.Path == "/wait-completion" ? Manners!["never answers"](http) : Task.FromResult(false),
        ["has another result held back"] = http => AnswerAsync(http, """{"status":"ok","is_master":true,"published":true,"completed":true}"""),
        ["answers 500"] = http => { http.Response.StatusCode = 500; return AnswerAsync(http, """{"status":"error"}"""); },
        ["hangs up"] = http => { http.Abort(); return Task.FromResult(true); },
    };

    public static IEnumerable<object[]> Cases => Manners.Keys.SelectMany(manner => new[] { new object[] { manner, false }, [manner, true] });

    /// <summary>The test that fails is planned; what the program would have run instead are those that pass.</summary>
    [TestMethod]
    public async Task That_looks_like_our_server_gets_nothing_and_changes_nothing()
    {
        await using Stage stage = await Stage.SetAsync();
        Plan(stage, "Acts", "Last");
        string bait = Directory.CreateDirectory(Path.Combine(stage.Trial.Temporary, "SyncStorage-bait", "session")).FullName;
        await using OfficialService pretender = await OfficialService.StartAsync(answers: async http => await AnswerAsync(http, JsonSerializer.Serialize(new
        {
            status = "ok", last_update = "2026-01-01T00:00:00+00:00", server = "SyncStorage.Server", session = bait, testRunIds = new[] { stage.Run.Id },
            is_master = true, held = true, published = true, completed = true, pid = "a", testRunId = stage.Run.Id, state = "completed", secret = "theirs",
            tests = new[] { "Alpha.Tests.Last" }, filter = "FullyQualifiedName~Last", plan = new { filter = "FullyQualifiedName~Last" }, accepted = 5, results = 5,
        })));
        string address = JsonSerializer.Serialize(new { pid = Environment.ProcessId, processId = Environment.ProcessId, url = pretender.Url, secret = "theirs", directory = bait });
        await File.WriteAllTextAsync(Path.Combine(bait, "server.json"), address);
        int files = Directory.GetFileSystemEntries(bait).Length;

        TimedResult run = await stage.Trial.RunAsync(Kind.Failing, $"-p:SyncStoragePort={new Uri(pretender.Url).Port}");

        Assert.AreEqual(1, run.ExitCode, "the planned test ran and failed: " + run.Output);
        Report report = stage.Trial.AssertAccounted(2, run.Output);
        CollectionAssert.AreEquivalent(new[] { "Alpha.Tests.Acts", "Alpha.Tests.Last" }, report.Lines.Select(line => line.FullyQualifiedName).ToArray());
        Assert.AreEqual(("completed", 2, 1), (report.State, report.Results.Sent, report.Results.Outcomes.Failed), run.Output);
        stage.Trial.AssertSentOnce(stage.TestIt, stage.Run, reachable: true);
        Assert.AreEqual("/health", string.Join(", ", pretender.Calls.Select(call => call.Path).Distinct()), "all that it was asked");
        Assert.AreEqual("", string.Concat(pretender.Calls.Select(call => call.Body)));
        Assert.AreEqual("Host", string.Join(", ", pretender.Headers.Distinct()));
        Assert.HasCount(files, Directory.GetFileSystemEntries(bait), "nothing was written where it said");
        stage.AssertSecret(run.Output);
        stage.Trial.Passed();
    }

    /// <summary>It may elect and hold, and no more: in mode 1 on SyncStorageUrl, in mode 0 on the port.</summary>
    [TestMethod]
    [DynamicData(nameof(Cases))]
    [TestCategory(Promise.BoundedTime)]
    public async Task That_looks_like_an_official_one_decides_at_most_whether_a_result_is_held(string manner, bool isFound)
    {
        TimedResult off = await BuiltProjects.BaselineOf(Kind.Failing);
        await using Stage stage = await Stage.SetAsync();
        await using OfficialService pretender = await OfficialService.StartAsync(answers: http => http.Request.Path == "/health" ? Task.FromResult(false) : Manners[manner](http));
        if (isFound)
        {
            Plan(stage, "One", "Two", "Three", "Acts", "Last");
        }

        TimedResult run = await stage.Trial.RunAsync(Kind.Failing, isFound ? $"-p:SyncStoragePort={new Uri(pretender.Url).Port}" : $"-p:SyncStorageUrl={pretender.Url}");

        Assert.AreEqual(off.ExitCode, run.ExitCode, run.Output);
        Assert.IsLessThan((off.Took * 2) + TimeSpan.FromSeconds(25), run.Took, run.Output);
        Report report = stage.Trial.AssertAccounted(5, run.Output);
        Assert.AreEqual((5, 1, 3), (report.Results.Sent, report.Results.Outcomes.Failed, report.Results.Outcomes.Passed), run.Output);
        Assert.AreEqual((5, 0), (stage.Run.Rows.Count, stage.Run.Rows.Count(row => row.IsInProgress)), run.Output);
        stage.Trial.AssertSentOnce(stage.TestIt, stage.Run, reachable: true);
        Assert.IsTrue(pretender.Calls.Any(call => call.Path != "/health"), "it was joined: " + run.Output);
        foreach ((string path, string body) in pretender.Calls)
        {
            Assert.DoesNotContain(stage.Canary.Token, body, path);
            Assert.DoesNotContain(new Uri(stage.TestIt.Url).Authority, body, path);
        }

        Assert.DoesNotContain("X-SyncStorage-Secret", string.Join(", ", pretender.Headers));
        await stage.Trial.AssertNothingLeftAsync();
        stage.Trial.Passed();
    }

    private static void Plan(Stage stage, params string[] tests)
    {
        stage.Trial.Environment["TMS_ADAPTER_MODE"] = "0";
        foreach (string test in tests)
        {
            string id = ExternalIds.OfMethod("Alpha.Tests." + test);
            stage.TestIt.AddAutoTest(id, test, "Alpha", "Tests");
            stage.TestIt.AddPlannedRow(stage.Run, id);
        }
    }

    private static async Task<bool> AnswerAsync(HttpContext http, string json)
    {
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(json);
        return true;
    }

    private static async Task EndlessAsync(HttpContext http)
    {
        byte[] piece = new byte[64 * 1024];
        Array.Fill(piece, (byte)' ');
        try
        {
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await http.Response.Body.WriteAsync(piece, http.RequestAborted);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or System.IO.IOException)
        {
            // It was hung up on.
        }
    }
}

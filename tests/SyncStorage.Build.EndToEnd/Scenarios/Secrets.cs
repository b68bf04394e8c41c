using System.Net;
using System.Text;
using System.Text.Json;
using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;

namespace SyncStorage.Build.EndToEnd.Scenarios;

[TestClass]
public sealed class Secrets
{
    /// <summary>With every log that MSBuild and VSTest can write.</summary>
    [TestMethod]
    [DataRow("environment variable")]
    [DataRow("Tms.config.json")]
    [TestCategory(Promise.Secrets)]
    public async Task The_token_is_in_no_file_no_argument_list_and_no_output(string source)
    {
        await using Stage stage = await Stage.SetAsync();
        using var user = new UserFolder();
        user.WithMSTest();
        Dictionary<string, string?> environment = stage.Trial.Environment;
        if (source == "Tms.config.json")
        {
            environment.Remove("TMS_PRIVATE_TOKEN");
            user.Write("Tms.config.json", JsonSerializer.Serialize(new { privateToken = stage.Canary.Token }));
        }

        string logs = Directory.CreateDirectory(Path.Combine(stage.Trial.Folder, "logs")).FullName;
        CommandResult run = await Command.RunAsync(
            user.Path,
            ["test", "Unit", "-v", "n", $"-bl:{logs}/msbuild.binlog", "--diag", logs + "/diag.txt", "--logger", "trx", "--results-directory", logs, "-p:UseSharedCompilation=false"],
            environment);

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual(3, stage.Trial.AssertAccounted(3, run.Output).Results.Sent, run.Output);
        Assert.IsTrue(File.Exists(logs + "/msbuild.binlog") && Directory.GetFiles(logs, "*.trx").Length > 0 && Directory.GetFiles(logs, "diag*").Length >= 2, "the logs are there");
        stage.AssertSecret(run.Output);
        Assert.AreEqual("", string.Join('\n', stage.Canary.FilesIn(user.Path, except: "Tms.config.json")));
        stage.Trial.Passed();
        user.Passed();
    }

    [TestMethod]
    [TestCategory(Promise.Secrets)]
    public async Task Of_a_session_are_their_owners_and_open_what_only_the_invocation_may_do()
    {
        await using Stage stage = await Stage.SetAsync();
        Trial trial = stage.Trial;
        using Command test = await trial.StartAsync(Kind.Waiting);
        await trial.UntilWaitingAsync(test);
        (string url, _) = trial.ReadServer();

        AssertOwnerOnly(trial.Session, Path.Combine(trial.Session, "server.json"), trial.Report.Folder, Path.Combine(trial.Report.Folder, "journal.jsonl"));

        string run = $"?testRunId={stage.Run.Id}";
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        foreach ((HttpMethod method, string path) in new[] { (HttpMethod.Post, "/shutdown"), (HttpMethod.Get, "/force-completion" + run), (HttpMethod.Get, "/force-completion") })
        {
            Assert.AreEqual(HttpStatusCode.Forbidden, await AskAsync(http, method, path), path);
            Assert.AreEqual(HttpStatusCode.Forbidden, await AskAsync(http, method, path, ("X-SyncStorage-Secret", new string('0', 64))), path);
        }

        foreach (string path in new[] { "/health", "/in_progress_published" + run })
        {
            Assert.AreEqual(HttpStatusCode.OK, await AskAsync(http, HttpMethod.Get, path), path);
            Assert.AreEqual(HttpStatusCode.Forbidden, await AskAsync(http, HttpMethod.Get, path, ("Host", "sync.example.com")), path);
            Assert.AreEqual(HttpStatusCode.Forbidden, await AskAsync(http, HttpMethod.Get, path, ("Origin", "https://example.com")), path);
        }

        Assert.AreEqual(HttpStatusCode.Forbidden, await AskAsync(http, HttpMethod.Get, "/in_progress_published" + run, ("Sec-Fetch-Site", "cross-site")));
        // A worker that never ends, in this run and in hundreds of others, with a cut for each.
        foreach (string id in Enumerable.Range(0, 300).Select(number => "flood-" + number).Prepend(stage.Run.Id))
        {
            string worker = JsonSerializer.Serialize(new { pid = "forged", testRunId = id, status = "in_progress", baseUrl = stage.TestIt.Url, autoTestExternalId = "forged", statusType = "Succeeded" });
            foreach (string path in new[] { "/register", "/set_worker_status", "/in_progress_test_result?testRunId=" + id, "/keep_alive" })
            {
                HttpStatusCode status = await AskAsync(http, HttpMethod.Post, path, body: worker);
                Assert.IsTrue(status == HttpStatusCode.OK || id != stage.Run.Id, $"{path}: {status}");
            }
        }

        trial.Go();
        CommandResult result = await test.WaitAsync();
        Assert.AreEqual(0, result.ExitCode, result.Output);
        Report report = stage.AssertOneOfEach(5, result.Output);
        Assert.HasCount(1, report.Workers, "none but our own");
        Assert.IsFalse(stage.TestIt.AutoTests.Any(test => test.ExternalId == "forged") || stage.Run.Rows.Any(row => row.ExternalId == "forged"), "no row of a forged cut");
        CollectionAssert.AreEqual(new[] { report.Folder }, Directory.GetDirectories(trial.Results), "no folder of a forged run");
        await trial.AssertNothingLeftAsync();
        trial.Passed();
    }

    [TestMethod]
    [TestCategory(Promise.Secrets)]
    public async Task Of_results_that_had_to_be_put_by_are_their_owners()
    {
        await using Stage stage = await Stage.SetAsync();
        stage.UsePackage(package => File.WriteAllText(Path.Combine(package, "server", "SyncStorage.Server.dll"), "this is no program"));

        TimedResult run = await stage.Trial.RunAsync(Kind.Passing);

        string[] mail = Directory.GetFiles(stage.Trial.Results, "*.jsonl", SearchOption.AllDirectories);
        Assert.HasCount(2, mail, "of the logger and of the collector");
        AssertOwnerOnly([.. mail, .. mail.Select(path => Path.GetDirectoryName(path)!)]);
        stage.AssertSecret(run.Output);
        stage.Trial.Passed();
    }

    private static void AssertOwnerOnly(params string[] paths)
    {
        if (OperatingSystem.IsWindows())
        {
            // There the user's temporary folder and profile are private already.
            return;
        }

        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        foreach (string path in paths)
        {
            Assert.AreEqual(UnixFileMode.None, File.GetUnixFileMode(path) & others, path);
        }
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient http, HttpMethod method, string path, (string Name, string Value)? header = null, string body = "{}")
    {
        using var request = new HttpRequestMessage(method, path);
        if (method == HttpMethod.Post)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        if (header is { } given)
        {
            request.Headers.TryAddWithoutValidation(given.Name, given.Value);
        }

        using HttpResponseMessage answer = await http.SendAsync(request);
        return answer.StatusCode;
    }
}

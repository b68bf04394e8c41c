using System.Text;
using System.Text.Json.Nodes;

namespace TestItStandIn.Tests;

[TestClass]
public sealed class StandInTests
{
    private static readonly TestItOptions Options = new();

    private const string Result = """
        {"configurationId":"22222222-2222-2222-2222-222222222222","autoTestExternalId":"$id","statusType":"$type","duration":5,
         "startedOn":"2026-01-01T00:00:00Z","completedOn":"2026-01-01T00:00:01Z"}
        """;

    [TestMethod]
    public async Task A_wrong_token_is_refused()
    {
        await using TestItServer server = await TestItServer.StartAsync();
        using var client = new HttpClient();
        Assert.AreEqual(401, (int)(await client.GetAsync(new Uri($"{server.Url}/api/v2/projects/{Options.ProjectId}"))).StatusCode);
    }

    [TestMethod]
    public async Task Unknown_members_and_bad_guids_are_refused_and_recorded()
    {
        await using TestItServer server = await TestItServer.StartAsync();
        Assert.AreEqual(400, await PostAsync(server, "testRuns", """{"projectId":"11111111-1111-1111-1111-111111111111","colour":"red"}"""));
        Assert.AreEqual(400, await PostAsync(server, "testRuns", """{"projectId":"one"}"""));
        Assert.HasCount(2, server.Violations);
    }

    [TestMethod]
    public async Task Autotests_are_unique_and_have_names()
    {
        await using TestItServer server = await TestItServer.StartAsync();
        const string body = """{"projectId":"11111111-1111-1111-1111-111111111111","externalId":"a","name":"$name"}""";
        Assert.AreEqual(400, await PostAsync(server, "autoTests", body.Replace("$name", " ")));
        Assert.AreEqual(201, await PostAsync(server, "autoTests", body.Replace("$name", "n")));
        Assert.AreEqual(409, await PostAsync(server, "autoTests", body.Replace("$name", "n")));
        Assert.AreEqual(400, await PostAsync(server, "autoTests", """{"projectId":"11111111-1111-1111-1111-111111111111","externalId":"b","name":"n","steps":[{"title":""}]}"""));
    }

    [TestMethod]
    [DataRow("unknown", "Succeeded", 404)]
    [DataRow("a", "Succeeded", 200)]
    [DataRow("a", "Excellent", 400)]
    public async Task Results_are_checked(string id, string type, int expected)
    {
        await using TestItServer server = await TestItServer.StartAsync();
        TestRun run = server.AddRun();
        server.AddAutoTest("a", "a");
        Assert.AreEqual(expected, await PostResultsAsync(server, run, (id, type)));
    }

    [TestMethod]
    [DataRow("\"duration\":5", "\"duration\":-1", 400)]
    [DataRow("\"duration\":5", "\"duration\":43200000001", 400)]
    [DataRow("2026-01-01T00:00:01Z", "2025-01-01T00:00:00Z", 400)]
    [DataRow("22222222-2222-2222-2222-222222222222", "22222222-2222-2222-2222-222222222223", 422)]
    public async Task Impossible_values_are_refused(string from, string to, int expected)
    {
        await using TestItServer server = await TestItServer.StartAsync();
        TestRun run = server.AddRun();
        server.AddAutoTest("a", "a");
        string body = $"[{Result.Replace("$id", "a").Replace("$type", "Succeeded").Replace(from, to)}]";
        Assert.AreEqual(expected, await PostAsync(server, $"testRuns/{run.Id}/testResults", body));
    }

    [TestMethod]
    public async Task The_run_closes_as_soon_as_nothing_is_in_progress_and_refuses_late_results()
    {
        await using TestItServer server = await TestItServer.StartAsync();
        TestRun run = server.AddRun();
        server.AddAutoTest("a", "a");
        server.AddAutoTest("b", "b");
        Assert.AreEqual(200, await PostResultsAsync(server, run, ("a", "InProgress")));
        Assert.AreEqual("InProgress", run.State);
        Assert.AreEqual(200, await PostResultsAsync(server, run, ("b", "Failed")));
        Assert.AreEqual(200, await PostResultsAsync(server, run, ("a", "Succeeded")));
        Assert.AreEqual("Completed", run.State);
        Assert.IsEmpty(server.Check(run));
        Assert.AreEqual(400, await PostResultsAsync(server, run, ("b", "Failed")));
        Assert.HasCount(1, server.Violations);
    }

    [TestMethod]
    public async Task Doubled_results_are_violations()
    {
        await using TestItServer server = await TestItServer.StartAsync(Options with { AutoClose = false });
        TestRun run = server.AddRun();
        server.AddAutoTest("a", "a");
        Assert.AreEqual(400, await PostResultsAsync(server, run, ("a", "Failed"), ("a", "Failed")));
        Assert.AreEqual(200, await PostResultsAsync(server, run, ("a", "Failed")));
        Assert.AreEqual(200, await PostResultsAsync(server, run, ("a", "Succeeded")));
        Assert.AreEqual(200, await PostResultsAsync(server, run, ("a", "InProgress")));
        Assert.HasCount(3, server.Violations);
    }

    [TestMethod]
    [DataRow(MergeRule.EqualOrEmpty, "", "", "a {x=1}: Failed", 0)]
    [DataRow(MergeRule.EqualOrEmpty, "", "x", "a {x=1}: Failed", 1)]
    [DataRow(MergeRule.EqualOrEmpty, "x", "x", "a {x=1}: Failed", 0)]
    [DataRow(MergeRule.EqualOrEmpty, "y", "x", "a {x=1}: Failed\na {y=1}: InProgress", 0)]
    [DataRow(MergeRule.Never, "", "x", "a {x=1}: Failed\na {}: InProgress", 0)]
    [DataRow(MergeRule.Never, "x", "x", "a {x=1}: Failed\na {x=1}: InProgress", 1)]
    public async Task A_final_result_takes_over_an_open_row_by_the_server_s_rule(MergeRule rule, string open, string final, string expected, int violations)
    {
        await using TestItServer server = await TestItServer.StartAsync(Options with { MergeRule = rule });
        TestRun run = server.AddRun();
        server.AddAutoTest("a", "a");
        bool isPlanned = final.Length == 0;
        if (isPlanned)
        {
            server.AddPlannedRow(run, "a");
        }
        else
        {
            Assert.AreEqual(200, await PostAsync(server, $"testRuns/{run.Id}/testResults", Body(open, "InProgress")));
        }

        Assert.AreEqual(200, await PostAsync(server, $"testRuns/{run.Id}/testResults", Body(isPlanned ? "x" : final, "Failed")));
        Assert.AreEqual(expected, server.RowsOf(run));
        Assert.HasCount(violations, server.Violations);

        static string Body(string parameter, string type)
            => $"[{Result.Replace("$id", "a").Replace("$type", type).Replace("\"duration\":5", parameter.Length == 0 ? "\"duration\":5" : $"\"duration\":5,\"parameters\":{{\"{parameter}\":\"1\"}}")}]";
    }

    [TestMethod]
    public async Task Only_what_would_be_swallowed_may_be_in_progress_beside_the_held_result()
    {
        await using TestItServer server = await TestItServer.StartAsync(Options);
        TestRun run = server.AddRun();
        server.AddAutoTest("a", "a");
        server.AddAutoTest("b", "b");
        Assert.AreEqual(200, await PostResultsAsync(server, run, ("a", "InProgress")));
        string twin = Result.Replace("$id", "a").Replace("$type", "InProgress").Replace("\"duration\":5", "\"duration\":5,\"parameters\":{\"x\":\"1\"}");
        Assert.AreEqual(200, await PostAsync(server, $"testRuns/{run.Id}/testResults", $"[{twin}]"));
        Assert.AreEqual((1, 1), (run.HeldPosts, run.EvadingPosts));
        Assert.IsEmpty(server.Violations);
        Assert.AreEqual(200, await PostResultsAsync(server, run, ("b", "InProgress")));
        Assert.HasCount(1, server.Violations);
    }

    [TestMethod]
    public async Task Search_really_pages()
    {
        await using TestItServer server = await TestItServer.StartAsync();
        TestRun run = server.AddRun();
        for (int i = 0; i < 150; i++)
        {
            server.AddPlannedRow(run, "t" + i);
        }

        Assert.AreEqual(100, await CountAsync("Skip=0&Take=100"));
        Assert.AreEqual(50, await CountAsync("Skip=100&Take=100"));
        Assert.AreEqual(0, await CountAsync("Skip=200&Take=100"));
        Assert.AreEqual(100, await CountAsync("Take=1000"));

        async Task<int> CountAsync(string query)
        {
            using HttpClient client = Client();
            using HttpResponseMessage answer = await client.PostAsync(new Uri($"{server.Url}/api/v2/testResults/search?{query}"), Json($$"""{"testRunIds":["{{run.Id}}"]}"""));
            var hits = (JsonArray)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            Assert.IsEmpty(OpenApiSchemas.Cloud.ValidateArray("TestResultShortResponse", hits));
            return hits.Count;
        }
    }

    [TestMethod]
    [DataRow("GET", "projects/11111111-1111-1111-1111-111111111111", "ProjectModel")]
    [DataRow("GET", "workflows/33333333-3333-3333-3333-333333333333", "WorkflowApiResult")]
    [DataRow("POST", "testRuns", "TestRunV2ApiResult")]
    [DataRow("POST", "autoTests", "AutoTestApiResult")]
    public async Task Answers_satisfy_the_schemas_too(string method, string path, string schema)
    {
        await using TestItServer server = await TestItServer.StartAsync();
        using HttpClient client = Client();
        const string body = """{"projectId":"11111111-1111-1111-1111-111111111111","name":"n" """;
        var request = new HttpRequestMessage(new HttpMethod(method), $"{server.Url}/api/v2/{path}")
        {
            Content = method == "GET" ? null : Json(body + (path == "autoTests" ? ""","externalId":"x"}""" : "}")),
        };
        using HttpResponseMessage answer = await client.SendAsync(request);
        JsonNode? node = JsonNode.Parse(await answer.Content.ReadAsStringAsync());
        Assert.IsTrue(answer.IsSuccessStatusCode, node?.ToJsonString());
        var known = new[] { "workItemsCount" };
        Assert.IsEmpty(OpenApiSchemas.V57.Validate(schema, node).Where(problem => !known.Any(problem.Contains)).ToList());
    }

    [TestMethod]
    public async Task A_connection_can_be_cut_after_the_commit()
    {
        await using TestItServer server = await TestItServer.StartAsync();
        server.Faults.CutAfterCommit(1);
        await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(server, "testRuns", """{"projectId":"11111111-1111-1111-1111-111111111111"}"""));
        Assert.HasCount(1, server.Runs);
    }

    [TestMethod]
    public async Task Too_many_requests_say_when_to_come_back()
    {
        await using TestItServer server = await TestItServer.StartAsync();
        server.Faults.AnswerTooManyRequests(1);
        using HttpClient client = Client();
        using HttpResponseMessage answer = await client.GetAsync(new Uri($"{server.Url}/api/v2/projects/{Options.ProjectId}"));
        Assert.AreEqual(429, (int)answer.StatusCode);
        Assert.AreEqual(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
    }

    private static Task<int> PostResultsAsync(TestItServer server, TestRun run, params (string Id, string Type)[] results)
        => PostAsync(server, $"testRuns/{run.Id}/testResults", $"[{string.Join(',', results.Select(r => Result.Replace("$id", r.Id).Replace("$type", r.Type)))}]");

    private static async Task<int> PostAsync(TestItServer server, string path, string body)
    {
        using HttpClient client = Client();
        using HttpResponseMessage answer = await client.PostAsync(new Uri($"{server.Url}/api/v2/{path}"), Json(body));
        return (int)answer.StatusCode;
    }

    private static HttpClient Client()
    {
        var client = new HttpClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "PrivateToken " + Options.Token);
        return client;
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}

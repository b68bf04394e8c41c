using System.Text.Json;
using SyncStorage.Results;
using SyncStorage.Server.Results;

namespace SyncStorage.Server.Tests.Hosting;

[TestClass]
public sealed class OfficialClientsTests
{
    [TestMethod]
    public async Task Three_workers_of_the_JavaScript_adapter_elect_hold_and_complete()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        for (int i = 0; i < 3; i++)
        {
            (int status, JsonElement body) = await server.PostAsync("/register", $$"""{"pid":"js-{{i}}","testRunId":"R","baseUrl":"","privateToken":""}""");
            Assert.AreEqual(200, status);
            Assert.AreEqual(i == 0, body.GetProperty("is_master").GetBoolean());
            Assert.AreEqual($"js-{i}", body.GetProperty("pid").GetString());
            Assert.AreEqual("R", body.GetProperty("testRunId").GetString());
        }

        Assert.IsFalse((await server.GetAsync("/in_progress_published?testRunId=R")).Body.GetProperty("published").GetBoolean());
        Assert.AreEqual(200, (await server.PostAsync("/in_progress_test_result?testRunId=R", """{"projectId":"p","autoTestExternalId":"js-1","statusCode":"passed","statusType":"Succeeded","startedOn":"2026-01-01T00:00:00Z"}""")).Status);
        Assert.AreEqual(200, (await server.PostAsync("/in_progress_test_result?testRunId=R", """{"projectId":"p","autoTestExternalId":"js-10","statusCode":"xfailed","statusType":"Failed","startedOn":null}""")).Status);
        Assert.IsTrue((await server.GetAsync("/in_progress_published?testRunId=R")).Body.GetProperty("published").GetBoolean());

        for (int test = 0; test < 3; test++)
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.AreEqual(200, (await server.PostAsync("/set_worker_status", $$"""{"pid":"js-{{i}}","status":"in_progress","testRunId":"R"}""")).Status);
                Assert.AreEqual(200, (await server.PostAsync("/set_worker_status", $$"""{"pid":"js-{{i}}","status":"completed","testRunId":"R"}""")).Status);
            }
        }

        long start = Environment.TickCount64;
        (int done, JsonElement completion) = await server.GetAsync("/wait-completion");
        Assert.AreEqual(200, done);
        Assert.IsTrue(completion.GetProperty("completed").GetBoolean());
        Assert.IsInRange(4000, 14000, Environment.TickCount64 - start);
        Report state = server.Runs.Find("R").Describe();
        Assert.AreEqual("completed", state.State);
        Assert.AreEqual(("js-1", true), (state.InProgress!.AutoTestExternalId, state.InProgress.Finalized));
        Assert.AreEqual(200, (await server.GetAsync("/wait-completion?testRunId=R")).Status, "asked again");
    }

    [TestMethod]
    public async Task The_NET_adapter_sends_explicit_nulls_and_leaves_the_run_out()
    {
        await using RunningServer server = await RunningServer.StartAsync(defaultTestRunId: "R");
        (int status, JsonElement body) = await server.PostAsync("/register", """{"pid":"1","testRunId":null,"baseUrl":null,"privateToken":null,"unknown":{"x":[1,2]}}""");
        Assert.AreEqual(200, status);
        Assert.AreEqual("R", body.GetProperty("testRunId").GetString());
        Assert.AreEqual(200, (await server.PostAsync("/set_worker_status", """{"pid":"1","status":"in_progress","testRunId":null}""")).Status);
        Assert.AreEqual(200, (await server.PostAsync("/in_progress_test_result", """{"projectId":null,"autoTestExternalId":null,"statusCode":null,"statusType":null,"startedOn":null}""")).Status);
        Assert.AreEqual(200, (await server.PostAsync("/keep_alive", """{"pid":"1","testRunId":null}""")).Status);
    }

    [TestMethod]
    public async Task Force_completion_ends_the_run_whatever_its_workers_do()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await server.PostAsync("/register", """{"pid":"1","testRunId":"R"}""");
        Task<(int Status, JsonElement Body)> waiting = server.GetAsync("/wait-completion?testRunId=R");
        Assert.IsTrue((await server.GetAsync("/force-completion?testRunId=R")).Body.GetProperty("completed").GetBoolean());
        Assert.IsTrue((await waiting).Body.GetProperty("completed").GetBoolean());
    }

    [TestMethod]
    public async Task The_fallback_of_the_JavaScript_adapter_does_not_end_the_run_under_other_workers()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (string pid in new[] { "master", "other" })
        {
            await server.PostAsync("/register", $$"""{"pid":"{{pid}}","testRunId":"R"}""");
        }

        await server.PostAsync("/set_worker_status", """{"pid":"master","status":"completed","testRunId":"R"}""");
        await server.GivesUpWaitingAsync("/wait-completion?testRunId=R", JavaScript);
        (int status, JsonElement answer) = await server.GetAsync("/force-completion?testRunId=R", JavaScript);
        Assert.AreEqual((200, false), (status, answer.GetProperty("completed").GetBoolean()), "the client goes on, the run is not over");
        Assert.AreEqual("running", server.Runs.Find("R").Describe().State);

        await server.PostAsync("/set_worker_status", """{"pid":"other","status":"completed","testRunId":"R"}""");
        Assert.IsTrue((await server.GetAsync("/wait-completion")).Body.GetProperty("completed").GetBoolean());
        Assert.IsTrue((await server.GetAsync("/force-completion?testRunId=R", JavaScript)).Body.GetProperty("completed").GetBoolean(), "asked again");
    }

    [TestMethod]
    public async Task The_fallback_of_the_JavaScript_adapter_ends_the_run_of_a_master_that_is_alone()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await server.PostAsync("/register", """{"pid":"master","testRunId":"R"}""");
        Assert.IsTrue((await server.GetAsync("/force-completion?testRunId=R", JavaScript)).Body.GetProperty("completed").GetBoolean());
        Assert.AreEqual("completed", server.Runs.Find("R").Describe().State);
    }

    [TestMethod]
    public async Task Waiting_without_a_run_waits_for_all_runs_that_are_not_over()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (string run in new[] { "over", "A", "B" })
        {
            await server.PostAsync("/register", $$"""{"pid":"w","testRunId":"{{run}}"}""");
        }

        await server.GetAsync("/force-completion?testRunId=over");
        Task<(int Status, JsonElement Body)> waiting = server.GetAsync("/wait-completion");
        await server.GetAsync("/force-completion?testRunId=A");
        await server.GetAsync("/wait-completion?testRunId=A");
        Assert.IsFalse(waiting.IsCompleted, "B is at work");
        await server.GetAsync("/force-completion?testRunId=B");
        (int status, JsonElement body) = await waiting;
        Assert.AreEqual((200, true), (status, body.GetProperty("completed").GetBoolean()));
        Assert.AreEqual(200, (await server.GetAsync("/wait-completion")).Status, "all are over");
    }

    [TestMethod]
    public async Task Who_names_no_run_means_the_one_that_is_not_over()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await server.PostAsync("/register", """{"pid":"w","testRunId":"over"}""");
        await server.GetAsync("/force-completion?testRunId=over");
        await server.PostAsync("/register", """{"pid":"new","testRunId":"A"}""");
        Assert.AreEqual(200, (await server.PostAsync("/keep_alive", """{"pid":"new"}""")).Status);
        Assert.AreEqual(200, (await server.PostAsync("/in_progress_test_result", """{"autoTestExternalId":"x"}""")).Status);
        Assert.IsTrue((await server.GetAsync("/in_progress_published?testRunId=A")).Body.GetProperty("published").GetBoolean());
    }

    [TestMethod]
    [DataRow("\"outcome\":\"Passed\"", "Succeeded")]
    [DataRow("\"outcome\":\"failed\",\"statusType\":null,\"statusCode\":null", "Failed")]
    [DataRow("\"outcome\":\"Skipped\"", "Incomplete")]
    [DataRow("\"outcome\":\"Blocked\",\"statusType\":\"\"", "Incomplete")]
    [DataRow("\"outcome\":\"Failed\",\"statusType\":\"Succeeded\",\"statusCode\":\"passed\"", "Succeeded")]
    public async Task The_status_of_an_older_client_is_its_outcome(string members, string statusType)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await server.PostAsync("/register", """{"pid":"old","testRunId":"R"}""");
        Assert.AreEqual(200, (await server.PostAsync("/in_progress_test_result?testRunId=R", $$"""{"projectId":null,"autoTestExternalId":"x",{{members}},"startedOn":null}""")).Status);
        Assert.AreEqual(statusType, server.Runs.Find("R").Describe().InProgress!.StatusType);
    }

    [TestMethod]
    [DataRow("text/plain", "text/plain")]
    [DataRow("text/plain; charset=utf-8", "text/plain")]
    [DataRow("text/plain, application/json", "application/json")]
    [DataRow("text/plain, */*;q=0.1", "application/json")]
    [DataRow("application/json", "application/json")]
    [DataRow("*/*", "application/json")]
    public async Task A_client_that_accepts_texts_only_is_answered_with_a_text(string accept, string type)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await server.PostAsync("/register", """{"pid":"old","testRunId":"R"}""");
        foreach (string path in new[] { "/in_progress_test_result?testRunId=R", "/in_progress_test_result?testRunId=unknown" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Url + path) { Content = new StringContent("""{"autoTestExternalId":"x","outcome":"Passed"}""") };
            request.Headers.TryAddWithoutValidation("Accept", accept);
            using HttpResponseMessage answer = await server.Client.SendAsync(request);
            string text = await answer.Content.ReadAsStringAsync();
            Assert.AreEqual(type, answer.Content.Headers.ContentType!.MediaType);
            Assert.AreEqual(type == "application/json", text.StartsWith('{'), text);
        }
    }

    private const string JavaScript = "OpenAPI-Generator/0.1.0/Javascript";

    [TestMethod]
    public async Task A_client_that_gives_up_waiting_leaves_the_server_unharmed()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await server.PostAsync("/register", """{"pid":"1","testRunId":"R"}""");
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAsync<OperationCanceledException>(() => server.Client.GetAsync(server.Url + "/wait-completion?testRunId=R", impatient.Token));
        await server.PostAsync("/set_worker_status", """{"pid":"1","status":"completed","testRunId":"R"}""");
        Assert.IsTrue((await server.GetAsync("/wait-completion?testRunId=R")).Body.GetProperty("completed").GetBoolean());
    }

    [TestMethod]
    public async Task Runs_side_by_side_do_not_mix()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (string run in new[] { "A", "B" })
        {
            Assert.IsTrue((await server.PostAsync("/register", $$"""{"pid":"same","testRunId":"{{run}}"}""")).Body.GetProperty("is_master").GetBoolean());
        }

        await server.PostAsync("/in_progress_test_result?testRunId=A", """{"autoTestExternalId":"x"}""");
        Assert.IsFalse((await server.GetAsync("/in_progress_published?testRunId=B")).Body.GetProperty("published").GetBoolean());
        (int status, JsonElement body) = await server.PostAsync("/set_worker_status", """{"pid":"same","status":"completed"}""");
        Assert.AreEqual(400, status);
        StringAssert.Contains(body.GetProperty("message").GetString(), "2 test runs");
    }

    [TestMethod]
    public async Task Health_says_ok_with_a_time_that_has_an_offset()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        JsonElement health = (await server.GetAsync("/health")).Body;
        Assert.AreEqual("ok", health.GetProperty("status").GetString());
        StringAssert.Matches(health.GetProperty("last_update").GetString(), new System.Text.RegularExpressions.Regex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d\d:\d\d$"));
    }

    [TestMethod]
    public async Task Official_clients_reach_it_by_localhost_and_by_both_addresses()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (string host in new[] { "localhost", "127.0.0.1", "[::1]" })
        {
            using HttpResponseMessage response = await server.Client.GetAsync($"http://{host}:{server.Port}/health");
            Assert.AreEqual(200, (int)response.StatusCode, host);
        }
    }
}

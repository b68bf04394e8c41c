using System;
using System.Net.Http;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

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
        JsonElement state = (await server.GetAsync("/state?testRunId=R")).Body;
        Assert.AreEqual("completed", state.GetProperty("state").GetString());
        Assert.AreEqual("js-1", state.GetProperty("inProgress").GetProperty("autoTestExternalId").GetString());
        Assert.IsTrue(state.GetProperty("inProgress").GetProperty("finalized").GetBoolean());
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

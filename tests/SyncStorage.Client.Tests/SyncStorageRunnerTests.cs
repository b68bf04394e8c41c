using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SyncStorage.Protocol;
using SyncStorage.Sessions;

namespace SyncStorage.Client.Tests;

/// <summary>Against a service that knows only the official routes.</summary>
[TestClass]
public sealed class SyncStorageRunnerTests : RunnerScenario
{
    [TestMethod]
    public async Task Three_workers_join_the_running_service_and_one_is_master()
    {
        SyncStorageRunner[] workers = [await StartedWorker(), await StartedWorker(), await StartedWorker()];

        CollectionAssert.AreEqual(new[] { true, false, false }, workers.Select(w => w.IsMaster).ToArray());
        Assert.HasCount(3, workers.Select(w => w.WorkerPid).Distinct());
        Assert.IsTrue(workers.All(w => w.IsRunning && w.IsExternal && w.Url == Service.Url));
    }

    [TestMethod]
    public async Task Only_the_masters_first_result_is_held_back_and_cut_with_its_final_status()
    {
        SyncStorageRunner master = await StartedWorker();
        SyncStorageRunner other = await StartedWorker();

        Assert.IsFalse(await new TestResultManager(other).HandleTestCompletionAsync(Result("other 1")));
        Assert.IsTrue(await new TestResultManager(master).HandleTestCompletionAsync(Result("master 1", "failed")));
        Assert.IsFalse(await new TestResultManager(master).HandleTestCompletionAsync(Result("master 2")));

        JsonElement cut = Service.Slots["run"];
        Assert.AreEqual("master 1", cut.GetProperty("autoTestExternalId").GetString());
        Assert.AreEqual("Failed", cut.GetProperty("statusType").GetString());
        Assert.AreEqual("Failed", cut.GetProperty("statusCode").GetString());
        Assert.AreEqual("2026-11-22T09:00:00.000Z", cut.GetProperty("startedOn").GetString());
        Assert.AreEqual("6c1c2b0a-5a0e-4a7e-9c61-6f3c7c2b1a22", cut.GetProperty("projectId").GetString());
        Assert.HasCount(1, Service.BodiesOf("/in_progress_test_result"));
    }

    [TestMethod]
    [DataRow("Passed", "Succeeded", "Passed")]
    [DataRow("fAILED", "Failed", "Failed")]
    [DataRow("Skipped", "Incomplete", "Skipped")]
    [DataRow("None", "Incomplete", "Skipped")]
    [DataRow("NotFound", "Incomplete", "Skipped")]
    public void Outcomes_become_Test_ITs_statuses(string outcome, string type, string code)
    {
        SyncStorageTestResult result = Result(outcome: outcome);
        Assert.AreEqual((type, code), (result.StatusType, result.StatusCode));
    }

    [TestMethod]
    public async Task After_finalizing_a_further_result_is_held_only_if_the_slot_is_free()
    {
        SyncStorageRunner master = await StartedWorker();
        var manager = new TestResultManager(master);
        Assert.IsTrue(await manager.HandleTestCompletionAsync(Result("1")));

        manager.FinalizeTestHandling();
        Assert.IsFalse(await manager.HandleTestCompletionAsync(Result("2")));

        Service.FreeSlot("run");
        Assert.IsFalse(await manager.HandleTestCompletionAsync(Result("3")), "without finalizing, nothing is offered again");
        manager.FinalizeTestHandling();
        Assert.IsTrue(await manager.HandleTestCompletionAsync(Result("4")));
    }

    [TestMethod]
    public async Task Of_many_results_at_once_exactly_one_is_held()
    {
        SyncStorageRunner master = await StartedWorker();
        Service.Misbehave = _ => Task.Delay(50);
        int held = 0;

        await Task.WhenAll(Enumerable.Range(0, 64).Select(worker => Task.Run(async () =>
        {
            // Several managers on one runner, as the Python integration makes one per call.
            var manager = new TestResultManager(master);
            for (int i = worker; i < 10_000; i += 64)
            {
                if (await manager.HandleTestCompletionAsync(Result($"test {i}")))
                {
                    Interlocked.Increment(ref held);
                }
            }
        })));

        Assert.AreEqual(1, held);
        Assert.HasCount(1, Service.BodiesOf("/in_progress_test_result"));
    }

    [TestMethod]
    public async Task Nobody_waits_for_an_offer_that_is_under_way()
    {
        SyncStorageRunner master = await StartedWorker();
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Service.Misbehave = _ => answer.Task;
        var manager = new TestResultManager(master);

        Task<bool> first = manager.HandleTestCompletionAsync(Result("1")).AsTask();
        Task<bool> second = manager.HandleTestCompletionAsync(Result("2")).AsTask();

        Assert.IsTrue(second.IsCompletedSuccessfully);
        Assert.IsFalse(await second);
        answer.SetResult();
        Assert.IsTrue(await first);
    }

    [TestMethod]
    public async Task A_worker_that_is_not_master_is_answered_without_allocating()
    {
        await StartedWorker();
        var manager = new TestResultManager(await StartedWorker());
        SyncStorageTestResult result = Result();
        Handle(manager, result, 1000);

        var watch = Stopwatch.StartNew();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Handle(manager, result, 1_000_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        // A million calls: milliseconds of them all are nanoseconds of one.
        double nanoseconds = watch.Elapsed.TotalMilliseconds;

        Assert.AreEqual(0, allocated);
        Assert.IsLessThan(1000, nanoseconds, "nanoseconds a call");
    }

    [TestMethod]
    public async Task It_keeps_itself_alive_and_ends_with_completed()
    {
        SyncStorageRunner worker = await StartedWorker(o => o.KeepAliveInterval = TimeSpan.FromMilliseconds(20));
        await Until(() => Service.BodiesOf("/keep_alive").Count() >= 3);
        await worker.StopAsync();
        await worker.StopAsync();

        string[] statuses = Service.BodiesOf("/set_worker_status").Select(b => JsonDocument.Parse(b).RootElement.GetProperty("status").GetString()!).ToArray();
        CollectionAssert.AreEqual(new[] { "in_progress", "completed" }, statuses);
        Assert.AreEqual("/set_worker_status", Service.Requests.Last().Route);
        Assert.IsEmpty(Service.BodiesOf("/shutdown"));
        Assert.IsFalse(worker.IsRunning);
        Assert.IsFalse(await new TestResultManager(worker).HandleTestCompletionAsync(Result()));
    }

    [TestMethod]
    public async Task A_worker_that_the_service_has_forgotten_registers_again()
    {
        SyncStorageRunner worker = await StartedWorker(o => o.KeepAliveInterval = TimeSpan.FromMilliseconds(20));
        int forgotten = 0;
        Service.Misbehave = http =>
        {
            if (http.Request.Path == "/keep_alive" && Interlocked.Increment(ref forgotten) == 1)
            {
                http.Response.StatusCode = 404;
            }

            return Task.CompletedTask;
        };

        await Until(() => Service.BodiesOf("/register").Count() == 2);
        Assert.HasCount(1, Service.BodiesOf("/register").Select(b => JsonDocument.Parse(b).RootElement.GetProperty("pid").GetString()).Distinct());
        await Until(() => Service.BodiesOf("/keep_alive").Count() >= 3);
        Assert.IsTrue(worker.IsMaster);
    }

    [TestMethod]
    public async Task Completion_is_waited_for_and_can_be_forced()
    {
        SyncStorageRunner worker = await StartedWorker();
        Assert.IsTrue(await worker.ForceCompletionAsync());
        Assert.IsTrue(await worker.WaitForCompletionAsync());
        Assert.Contains("\"completed\"", Service.BodiesOf("/set_worker_status").Last());
    }

    [TestMethod]
    public async Task The_service_that_the_user_names_learns_address_and_token_and_nobody_else_does()
    {
        const string token = "canary-token-4711";
        SyncStorageRunner worker = Worker(options => options.ServiceUrl = Service.Url, baseUrl: "https://testit.example.com", token: token);
        Service.Misbehave = async http =>
        {
            if (http.Request.Path != "/register" && http.Request.Path != "/health")
            {
                http.Response.StatusCode = 400;
                await http.Response.WriteAsync($$"""{ "status": "error", "message": "who is {{token}}?" }""");
            }
        };
        await worker.StartAsync();
        await new TestResultManager(worker).HandleTestCompletionAsync(Result());
        await worker.StopAsync();

        JsonElement registered = JsonDocument.Parse(Service.BodiesOf("/register").Single()).RootElement;
        Assert.AreEqual("https://testit.example.com", registered.GetProperty("baseUrl").GetString());
        Assert.AreEqual(token, registered.GetProperty("privateToken").GetString());
        Assert.DoesNotContain(token, Log.All);
        Assert.Contains("who is ***?", Log.All);
    }

    /// <summary>Whoever answers on the port could be another account; what it says of a session is looked up there.</summary>
    [TestMethod]
    [DataRow("no session")]
    [DataRow("a session elsewhere")]
    [DataRow("a session of ours whose server is dead")]
    [DataRow("a session of ours whose server runs on another port")]
    public async Task Whoever_listens_on_the_port_learns_neither_address_nor_token(string claims)
    {
        const string token = "canary-token-4711";
        await using OfficialStandIn other = await OfficialStandIn.StartAsync();
        Session ours = Session.ForKey("claimed " + Guid.NewGuid());
        string elsewhere = Directory.CreateTempSubdirectory("session").FullName;
        bool isDead = claims.EndsWith("dead", StringComparison.Ordinal);
        bool isOther = claims.EndsWith("another port", StringComparison.Ordinal);
        var state = new ServerState { ProcessId = Environment.ProcessId, ProcessBirth = isDead ? "1" : ProcessIdentity.OfSelf()!.Birth, Url = isOther ? other.Url : Service.Url, Secret = "secret" };
        foreach (string folder in new[] { ours.Directory, elsewhere })
        {
            SharedFile.Write(Path.Combine(folder, "server.json"), JsonSerializer.SerializeToUtf8Bytes(state, WireJsonOut.Default.ServerState));
        }

        string? session = claims == "no session" ? null : claims == "a session elsewhere" ? elsewhere : ours.Directory;
        Service.Misbehave = http => http.Request.Path == "/health" ? http.Response.WriteAsJsonAsync(new { status = "ok", server = "SyncStorage.Server", session }) : Task.CompletedTask;
        try
        {
            SyncStorageRunner worker = Worker(baseUrl: "https://testit.example.com", token: token);
            Assert.IsTrue(await worker.StartAsync(), Log.All);
            await worker.StopAsync();

            Assert.AreEqual("", string.Join('\n', Service.Requests.Where(request => request.Body.Contains(token, StringComparison.Ordinal) || request.Body.Contains("testit.example.com", StringComparison.Ordinal))));
            Assert.HasCount(isOther ? 1 : 0, other.BodiesOf("/register").Where(body => body.Contains(token, StringComparison.Ordinal)).ToList());
            Assert.AreEqual(isOther ? 0 : 1, Log.All.Split("is not proved to be yours").Length - 1, Log.All);
        }
        finally
        {
            Folders.Remove(ours.Directory);
            Folders.Remove(elsewhere);
        }
    }

    [TestMethod]
    public async Task Starting_again_gives_the_same_answer_and_starting_after_the_stop_none()
    {
        SyncStorageRunner worker = await StartedWorker();
        Assert.IsTrue(await worker.StartAsync());
        Assert.HasCount(1, Service.BodiesOf("/register"));
        await worker.StopAsync();
        await worker.StartAsync();
        Assert.IsFalse(worker.IsRunning);
        Assert.HasCount(1, Service.BodiesOf("/register"));
    }

    [TestMethod]
    public async Task Switched_off_it_does_nothing()
    {
        await using var worker = new SyncStorageRunner(new SyncStorageConfig("run", Service.Port) { Enabled = false });
        Assert.IsFalse(await worker.StartAsync());
        Assert.IsEmpty(Service.Requests);
    }

    [TestMethod]
    public async Task An_invalid_configuration_is_logged_problem_by_problem()
    {
        await using var worker = new SyncStorageRunner(new SyncStorageConfig(null, 70000), new SyncStorageOptions { Log = Log.Add });
        Assert.IsFalse(await worker.StartAsync());
        Assert.HasCount(2, Log.Of(SyncStorageLogLevel.Error));
        Assert.IsFalse(worker.IsRunning || worker.IsMaster);
    }

    [TestMethod]
    public async Task A_service_at_an_address_is_joined()
    {
        SyncStorageRunner worker = await StartedWorker(o => o.ServiceUrl = Service.Url + "/");
        Assert.IsTrue(worker.IsExternal);
        Assert.AreEqual(Service.Url, worker.Url);
    }

    [TestMethod]
    public async Task A_service_at_an_address_that_comes_up_later_is_waited_for()
    {
        string url = Service.Url;
        int port = Service.Port;
        await Service.DisposeAsync();
        SyncStorageRunner worker = Worker(o => o.ServiceUrl = url);
        Task<bool> starting = worker.StartAsync();
        await Until(() => Log.All.Contains("Waiting for the Sync Storage", StringComparison.Ordinal));
        Assert.IsFalse(starting.IsCompleted);

        await using OfficialStandIn late = await OfficialStandIn.StartAsync(port);
        Assert.IsTrue(await starting, Log.All);
        Assert.IsTrue(worker.IsMaster);
        Assert.IsEmpty(Log.Of(SyncStorageLogLevel.Error), Log.All);
        await worker.StopAsync();
    }

    [TestMethod]
    [DataRow("down")]
    [DataRow("not healthy yet")]
    public async Task A_service_at_an_address_that_does_not_come_up_is_a_startup_timeout(string state)
    {
        string url = Service.Url;
        if (state == "down")
        {
            await Service.DisposeAsync();
        }
        else
        {
            Service.Misbehave = http =>
            {
                http.Response.StatusCode = 503;
                return Task.CompletedTask;
            };
        }

        void Impatient(SyncStorageOptions o) => (o.ServiceUrl, o.StartupTimeout) = (url, TimeSpan.FromMilliseconds(600));
        Assert.IsFalse(await Worker(Impatient).StartAsync());
        Assert.HasCount(1, Log.Of(SyncStorageLogLevel.Error), Log.All);
        SyncStorageRunner strict = Worker(o =>
        {
            Impatient(o);
            o.ThrowOnStartupTimeout = true;
        });
        await Assert.ThrowsExactlyAsync<SyncStorageStartupException>(() => strict.StartAsync());
    }

    [TestMethod]
    public async Task A_service_url_that_is_no_address_is_an_error_at_once()
    {
        Assert.IsFalse(await Worker(o => o.ServiceUrl = "coordinator:49152").StartAsync());
        Assert.Contains("which is not an address", Log.All);
    }

    [TestMethod]
    public void A_log_that_throws_harms_nobody()
    {
        var log = new Running.RunnerLog((_, _) => throw new InvalidOperationException("full"), null);
        log.Error("anything");
    }

    private static void Handle(TestResultManager manager, SyncStorageTestResult result, int times)
    {
        for (int i = 0; i < times; i++)
        {
            ValueTask<bool> answer = manager.HandleTestCompletionAsync(result);
            if (!answer.IsCompletedSuccessfully || answer.Result)
            {
                Assert.Fail("held");
            }
        }
    }
}

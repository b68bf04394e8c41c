using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SyncStorage.Client.EndToEnd;

[TestClass]
public sealed class The_embedded_server : EmbeddedScenario
{
    [TestMethod]
    public async Task Is_started_once_for_all_workers_of_a_run_and_ends_with_the_last()
    {
        SyncStorageRunner[] workers = [Worker(), Worker(), Worker()];
        Assert.IsTrue((await Task.WhenAll(workers.Select(w => w.StartAsync()))).All(started => started), Log.All);

        Assert.HasCount(1, Processes.ServersOf(Folder));
        Assert.HasCount(1, workers.Where(w => w.IsMaster));
        Assert.IsTrue(workers.All(w => !w.IsExternal && w.Url == $"http://127.0.0.1:{Port}"));

        await workers[0].StopAsync();
        Assert.HasCount(1, Processes.ServersOf(Folder), "others still use it");
        await Task.WhenAll(workers[1].StopAsync(), workers[2].StopAsync());
        Assert.IsFalse(Processes.AnyServerOf(Folder));
        Assert.AreEqual("completed", Report().GetProperty("state").GetString());
    }

    [TestMethod]
    public async Task Routes_as_an_official_one_does()
    {
        await using OfficialStandIn official = await OfficialStandIn.StartAsync();
        string[] embedded = await Route(Port);
        string[] external = await Route(official.Port);

        CollectionAssert.AreEqual(external, embedded);
        Assert.AreEqual("held", external[0]);

        async Task<string[]> Route(int port)
        {
            SyncStorageRunner[] workers = [await StartedWorker(port: port), await StartedWorker(port: port), await StartedWorker(port: port)];
            var managers = workers.Select(w => new TestResultManager(w)).ToList();
            var routes = new System.Collections.Generic.List<string>();
            for (int round = 0; round < 3; round++)
            {
                foreach (TestResultManager manager in managers)
                {
                    routes.Add(await manager.HandleTestCompletionAsync(new SyncStorageTestResult($"test {routes.Count}", "Failed")) ? "held" : "normal");
                }

                managers.ForEach(m => m.FinalizeTestHandling());
            }

            await Task.WhenAll(workers.Select(w => w.StopAsync()));
            return routes.ToArray();
        }
    }

    [TestMethod]
    public async Task Holds_one_of_ten_thousand_results_of_64_tasks_and_finalizes_it()
    {
        SyncStorageRunner master = await StartedWorker();
        var manager = new TestResultManager(master);
        bool[] held = await Task.WhenAll(Enumerable.Range(0, 64).Select(task => Task.Run(async () =>
        {
            bool any = false;
            for (int i = task; i < 10_000; i += 64)
            {
                any |= await manager.HandleTestCompletionAsync(new SyncStorageTestResult($"test {i}", "Passed"));
            }

            return any;
        })));
        await master.StopAsync();

        Assert.HasCount(1, held.Where(h => h));
        Assert.IsTrue(Report().GetProperty("inProgress").GetProperty("finalized").GetBoolean());
        Assert.IsTrue(await master.WaitForCompletionAsync(), "it has ended, so the run is completed");
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task Completes_the_run_while_its_workers_still_hold_it(bool force)
    {
        SyncStorageRunner first = await StartedWorker();
        SyncStorageRunner second = await StartedWorker();
        Assert.IsTrue(await new TestResultManager(first).HandleTestCompletionAsync(new SyncStorageTestResult("test", "Passed")));

        bool[] completed = force
            ? [await first.ForceCompletionAsync()]
            : await Task.WhenAll(first.WaitForCompletionAsync(), second.WaitForCompletionAsync());

        Assert.IsTrue(completed.All(c => c), Log.All);
        Assert.IsTrue(Report().GetProperty("inProgress").GetProperty("finalized").GetBoolean());
    }

    [TestMethod]
    public async Task Is_started_again_after_a_kill_and_knows_its_workers()
    {
        SyncStorageRunner master = await StartedWorker(o => o.KeepAliveInterval = TimeSpan.FromMilliseconds(200));
        SyncStorageRunner other = await StartedWorker(o => o.KeepAliveInterval = TimeSpan.FromMilliseconds(200));
        int killed = Processes.ServersOf(Folder).Single();
        using (Process server = Process.GetProcessById(killed))
        {
            server.Kill();
            await server.WaitForExitAsync();
        }

        await Wait.UntilAsync(() => Processes.ServersOf(Folder).Any(pid => pid != killed), TimeSpan.FromSeconds(10), () => Log.All);
        var manager = new TestResultManager(master);
        bool held = false;
        await Wait.UntilAsync(() => held |= manager.HandleTestCompletionAsync(new SyncStorageTestResult("test", "Passed")).AsTask().Result, TimeSpan.FromSeconds(10), () => Log.All);
        Assert.IsTrue(master.IsMaster && !other.IsMaster);

        await Task.WhenAll(master.StopAsync(), other.StopAsync());
        Assert.AreEqual("completed", Report().GetProperty("state").GetString());
        Assert.IsTrue(Report().GetProperty("inProgress").GetProperty("finalized").GetBoolean());
    }

    [TestMethod]
    public async Task Of_another_run_on_the_port_is_joined_and_kept_alive_while_it_is_used()
    {
        string otherRun = Guid.NewGuid().ToString();
        SyncStorageRunner first = await StartedWorker();
        SyncStorageRunner second = await StartedWorker(testRunId: otherRun);
        Assert.IsTrue(second.IsExternal && second.IsMaster && second.Url == first.Url);

        await first.StopAsync(new System.Threading.CancellationTokenSource(TimeSpan.FromSeconds(1)).Token);
        Assert.IsTrue(await new TestResultManager(second).HandleTestCompletionAsync(new SyncStorageTestResult("test", "Passed")), Log.All);
        await second.StopAsync();
        await Wait.UntilAsync(() => !Processes.AnyServerOf(Folder), TimeSpan.FromSeconds(15), () => Log.All);
        Assert.AreEqual("completed", Report(otherRun).GetProperty("state").GetString());
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task Takes_a_free_port_when_something_else_has_it(bool answers)
    {
        using var listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Start();
        Task answering = answers ? Answer(listener) : Task.CompletedTask;

        SyncStorageRunner worker = await StartedWorker();
        Assert.IsFalse(worker.IsExternal);
        Assert.AreNotEqual($"http://127.0.0.1:{Port}", worker.Url);
        listener.Stop();
        await answering;
    }

    [TestMethod]
    public async Task Port_0_is_any_free_port_and_all_workers_find_it()
    {
        SyncStorageRunner first = await StartedWorker(port: 0);
        SyncStorageRunner second = await StartedWorker(port: 0);
        Assert.AreEqual(first.Url, second.Url);
        Assert.IsTrue(first.IsMaster && !second.IsMaster);
    }

    [TestMethod]
    public async Task Serves_one_run_after_the_other_under_the_same_id()
    {
        for (int i = 0; i < 3; i++)
        {
            SyncStorageRunner worker = await StartedWorker();
            Assert.IsTrue(await new TestResultManager(worker).HandleTestCompletionAsync(new SyncStorageTestResult("test", "Passed")), Log.All);
            await worker.StopAsync();
        }
    }

    /// <summary>Something that speaks, but not our protocol.</summary>
    private static async Task Answer(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using TcpClient client = await listener.AcceptTcpClientAsync();
                await client.GetStream().WriteAsync("SSH-2.0-OpenSSH_9.9\r\n"u8.ToArray());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or System.IO.IOException)
        {
            // The listener was stopped.
        }
    }
}

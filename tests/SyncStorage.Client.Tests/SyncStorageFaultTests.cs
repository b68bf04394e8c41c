using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace SyncStorage.Client.Tests;

/// <summary>Whatever the service does: results are answered in time with "write it normally", one warning, no exception.</summary>
[TestClass]
public sealed class SyncStorageFaultTests : RunnerScenario
{
    public static IEnumerable<string> Faults => ["down", "hanging", "500", "garbage", "text/plain", "cut", "10 s per call", "endless"];

    [TestMethod]
    [DynamicData(nameof(Faults))]
    public async Task A_service_that_fails_during_the_run_costs_at_most_two_seconds_once(string fault)
    {
        SyncStorageRunner master = await StartedWorker(o => o.KeepAliveInterval = TimeSpan.FromMilliseconds(100));
        await Break(fault);
        var manager = new TestResultManager(master);

        var first = Stopwatch.StartNew();
        Assert.IsFalse(await manager.HandleTestCompletionAsync(Result("1")));
        Assert.IsLessThan(2.5, first.Elapsed.TotalSeconds);

        var others = Stopwatch.StartNew();
        for (int i = 0; i < 1000; i++)
        {
            Assert.IsFalse(await manager.HandleTestCompletionAsync(Result($"{i}")));
        }

        Assert.IsFalse(await master.SetWorkerStatusAsync(SyncStorageWorkerStatus.InProgress));
        Assert.IsLessThan(0.5, others.Elapsed.TotalSeconds);

        var stop = Stopwatch.StartNew();
        await master.StopAsync();
        Assert.IsLessThan(2.5, stop.Elapsed.TotalSeconds);
        Assert.HasCount(1, Log.Of(SyncStorageLogLevel.Warning), Log.All);
        Assert.IsEmpty(Log.Of(SyncStorageLogLevel.Error), Log.All);
    }

    [TestMethod]
    [DynamicData(nameof(Faults))]
    public async Task A_service_that_fails_from_the_start_leaves_the_worker_degraded(string fault)
    {
        await Break(fault);
        SyncStorageRunner worker = Worker(o =>
        {
            o.StartServer = false;
            o.StartupTimeout = TimeSpan.FromSeconds(3);
        });

        var start = Stopwatch.StartNew();
        Assert.IsFalse(await worker.StartAsync());
        Assert.IsLessThan(3.5, start.Elapsed.TotalSeconds);
        Assert.IsFalse(worker.IsMaster || worker.IsRunning);
        Assert.IsFalse(await new TestResultManager(worker).HandleTestCompletionAsync(Result()));
        Assert.HasCount(1, Log.Of(SyncStorageLogLevel.Error), Log.All);
        await worker.StopAsync();
    }

    [TestMethod]
    public async Task A_service_that_dies_between_two_calls_is_noticed_and_found_again()
    {
        SyncStorageRunner master = await StartedWorker(o => o.KeepAliveInterval = TimeSpan.FromMilliseconds(50));
        int port = Service.Port;
        await Service.DisposeAsync();
        Assert.IsFalse(await new TestResultManager(master).HandleTestCompletionAsync(Result()));

        await using OfficialStandIn again = await OfficialStandIn.StartAsync(port);
        await Until(() => !again.Requests.IsEmpty);
        Assert.HasCount(1, Log.Of(SyncStorageLogLevel.Warning), Log.All);
    }

    [TestMethod]
    public async Task A_refusal_of_one_result_does_not_end_the_offers()
    {
        SyncStorageRunner master = await StartedWorker();
        Service.Misbehave = Status(400);
        var manager = new TestResultManager(master);
        Assert.IsFalse(await manager.HandleTestCompletionAsync(Result("1")));
        Service.Misbehave = null;
        Assert.IsTrue(await manager.HandleTestCompletionAsync(Result("2")));
    }

    [TestMethod]
    public async Task A_failed_registration_is_an_error()
    {
        Service.Misbehave = http => http.Request.Path == "/register" ? Status(500)(http) : Task.CompletedTask;
        SyncStorageRunner worker = Worker();
        Assert.IsFalse(await worker.StartAsync());
        Assert.HasCount(1, Log.Of(SyncStorageLogLevel.Error), Log.All);
    }

    [TestMethod]
    public async Task A_startup_that_takes_too_long_throws_only_when_asked()
    {
        Service.Misbehave = http => http.Request.Path == "/register" ? Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default) : Task.CompletedTask;
        SyncStorageRunner polite = Worker(o => o.StartupTimeout = TimeSpan.FromMilliseconds(200));
        SyncStorageRunner strict = Worker(o => (o.StartupTimeout, o.ThrowOnStartupTimeout) = (TimeSpan.FromMilliseconds(200), true));

        Assert.IsFalse(await polite.StartAsync());
        await Assert.ThrowsExactlyAsync<SyncStorageStartupException>(() => strict.StartAsync());
        await strict.StopAsync();
    }

    [TestMethod]
    public async Task Cancelling_gives_up_the_start()
    {
        await Break("hanging");
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAsync<OperationCanceledException>(() => Worker().StartAsync(cancel.Token));
    }

    [TestMethod]
    public async Task Cancelling_a_result_answers_normally_and_blames_nobody()
    {
        SyncStorageRunner master = await StartedWorker();
        Service.Misbehave = http => Task.Delay(200);
        var manager = new TestResultManager(master);
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        Assert.IsFalse(await manager.HandleTestCompletionAsync(Result("1"), cancel.Token));
        Service.Misbehave = null;
        Assert.IsTrue(await master.SetWorkerStatusAsync(SyncStorageWorkerStatus.InProgress));
        Assert.IsEmpty(Log.Of(SyncStorageLogLevel.Warning));
    }

    [TestMethod]
    public async Task Stopping_ends_a_start_that_is_under_way()
    {
        await Break("hanging");
        SyncStorageRunner worker = Worker();
        Task<bool> start = worker.StartAsync();
        await Until(() => !Service.Requests.IsEmpty);
        await worker.StopAsync();
        Assert.IsFalse(await start);
    }

    [TestMethod]
    public async Task A_null_result_is_written_normally()
    {
        SyncStorageRunner master = await StartedWorker();
        Assert.IsFalse(await new TestResultManager(master).HandleTestCompletionAsync(null!));
        Assert.IsTrue(await new TestResultManager(master).HandleTestCompletionAsync(Result()));
    }

    private async Task Break(string fault)
    {
        if (fault == "down")
        {
            await Service.DisposeAsync();
            return;
        }

        Service.Misbehave = fault switch
        {
            "hanging" => http => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default),
            "500" => Status(500),
            "garbage" => http => http.Response.Body.WriteAsync(new byte[] { 0x00, 0xff, 0x7b, 0x22, 0xfe }).AsTask(),
            "text/plain" => http => http.Response.WriteAsync("ok"),
            "cut" => http =>
            {
                http.Abort();
                return Task.CompletedTask;
            },
            "10 s per call" => http => Task.Delay(TimeSpan.FromSeconds(10), http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default),
            "endless" => async http =>
            {
                while (!http.RequestAborted.IsCancellationRequested)
                {
                    await http.Response.WriteAsync(" ");
                    await http.Response.Body.FlushAsync();
                    await Task.Delay(5);
                }
            },
            _ => throw new ArgumentOutOfRangeException(nameof(fault)),
        };
    }

    private static Func<HttpContext, Task> Status(int status) => async http =>
    {
        http.Response.StatusCode = status;
        await http.Response.WriteAsync("no");
    };
}

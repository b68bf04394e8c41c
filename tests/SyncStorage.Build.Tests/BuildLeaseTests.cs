using SyncStorage.Results;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Build.Tests;

/// <summary>MSBuild nodes begin and end their parts of a call together. The server is played by this process.</summary>
[TestClass]
[DoNotParallelize]
public sealed class BuildLeaseTests
{
    private const int Nodes = 6;

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [TestCleanup]
    public void CleanUp() => Folders.Remove(_folder);

    [TestMethod]
    public async Task Of_nodes_that_come_at_once_one_tells_that_the_run_is_shared()
    {
        for (int round = 0; round < 5; round++)
        {
            (BuildLease Lease, bool IsShared)[] held = await HoldAsync();
            Array.ForEach(held, node => node.Lease.KeepQuiet());

            Assert.AreEqual(1, held.Count(node => node.IsShared), $"round {round}");
            await EndAsync(held);
        }
    }

    [TestMethod]
    public async Task Of_nodes_that_end_at_once_one_prints_the_last_line()
    {
        TextWriter console = Console.Out;
        for (int round = 0; round < 40; round++)
        {
            (BuildLease, bool)[] held = await HoldAsync();
            var printed = new StringWriter();
            Console.SetOut(TextWriter.Synchronized(printed));
            try
            {
                await EndAsync(held);
            }
            finally
            {
                Console.SetOut(console);
            }

            Assert.AreEqual(1, printed.ToString().Split("Sync Storage: run r completed").Length - 1, $"round {round}: {printed}");
        }
    }

    private async Task<(BuildLease Lease, bool IsShared)[]> HoldAsync()
    {
        string key = Guid.NewGuid().ToString();
        Session.ForKey(key).WriteStarted(ProcessIdentity.OfSelf()!);
        string report = new RunFolder(_folder, "r").ReportPath;
        Directory.CreateDirectory(Path.GetDirectoryName(report)!);
        File.WriteAllText(report, """
            { "testRunId": "r", "state": "completed", "workers": [], "results": { "observed": 0, "sent": 0, "spooled": 0, "rejected": 0 }, "notices": [] }
            """);
        var holder = new LeaseHolder("invocation", ProcessIdentity.OfSelf());
        var start = new ServerStart { Directory = _folder };
        return await AtOnceAsync(_ => BuildLease.Hold(new RecordingEngine(), key, start, holder, session => session.WriteRun(new RunSettings { TestRunId = "r" })));
    }

    private static async Task EndAsync((BuildLease Lease, bool IsShared)[] held)
    {
        File.Delete(Path.Combine(held[0].Lease.Session.Directory, "server.pid"));
        await AtOnceAsync(node =>
        {
            held[node].Lease.Dispose();
            return true;
        });
    }

    private static async Task<T[]> AtOnceAsync<T>(Func<int, T> act)
    {
        using var together = new Barrier(Nodes);
        return await Task.WhenAll(Enumerable.Range(0, Nodes).Select(node => Task.Factory.StartNew(
            () =>
            {
                together.SignalAndWait();
                return act(node);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }
}

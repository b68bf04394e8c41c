using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Benchmarks;

/// <summary>100 000 finished results handed over in a logger's batches and journaled.</summary>
internal static class HandOver
{
    private const int Results = 100_000;
    private const int BatchSize = 200;

    public static async Task RunAsync()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        var session = Session.ForKey("benchmark " + Guid.NewGuid());
        double rate;
        double peak;
        using (session.TakeLease())
        {
            using Process process = ServerLauncher.Start(session, new ServerStart { Port = 0, Directory = directory, TestRunId = "handover" }, Repository.Server);
            session.WriteStarted(process.Id);
            ServerState server = await session.WaitForServerAsync(TimeSpan.FromSeconds(30)) ?? throw new InvalidOperationException("no server");
            using var client = new SyncStorageClient(server.Url, server.Secret);
            await client.RegisterAsync(new RegisterRequest { Pid = "w", TestRunId = "handover", Part = WorkerPart.Logger, ProcessId = Environment.ProcessId }, default);

            var clock = Stopwatch.StartNew();
            await SendAsync(client, "handover", "w", 0, Results);

            rate = Results / clock.Elapsed.TotalSeconds;
            process.Refresh();
            peak = process.PeakWorkingSet64 / 1048576.0;
            await client.SetWorkerStatusAsync(new WorkerStatusRequest { Pid = "w", TestRunId = "handover", Status = WorkerStatus.Completed, Part = WorkerPart.Logger }, default);
        }

        await SessionServer.WaitForEndAsync(session.ReadStarted() ?? 0, TimeSpan.FromSeconds(30));
        Folders.Remove(directory);
        Table.Row("100 000 results handed over and journaled", $"{rate:0} results/s, server at most {peak:0} MB", "", null, "below 150 MB");
    }

    /// <summary>As a logger does it: one batch after another.</summary>
    public static async Task SendAsync(SyncStorageClient client, string testRunId, string pid, int first, int count)
    {
        for (int next = first; next < first + count; next += BatchSize)
        {
            int size = Math.Min(BatchSize, first + count - next);
            await client.PostResultsAsync(new ResultBatch { Pid = pid, TestRunId = testRunId, Results = Enumerable.Range(next, size).Select(SampleResult.Of).ToList() }, default);
        }
    }
}

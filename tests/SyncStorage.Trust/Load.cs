using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Benchmarks;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Trust;

/// <summary>200 workers hand 1000 results a second over to the real server process; its answers stay quick and its memory flat.</summary>
internal static class Load
{
    private const int Workers = 200;
    private const int ResultsPerSecond = 1000;
    private const int BatchSize = ResultsPerSecond / Workers;
    private const string Run = "load";

    /// <summary>The aims of the README.</summary>
    private const double LongestP99 = 20;
    private const double MostGrowth = 1.10;

    public static async Task<bool> RunAsync(int minutes)
    {
        string directory = Directory.CreateTempSubdirectory("SyncStorage.Load-").FullName;
        Session session = Session.ForKey("load " + Guid.NewGuid());
        var duration = TimeSpan.FromMinutes(minutes);
        var times = new ConcurrentBag<double>();
        var errors = new ConcurrentQueue<string>();
        var memory = new List<double>();
        long observed;
        int masters = 0;
        Console.WriteLine($"Load: {Workers} workers, {ResultsPerSecond} results a second, {minutes} minutes.");
        using (session.TakeLease())
        {
            using Process process = ServerLauncher.Start(session, new ServerStart { Port = 0, Directory = directory, TestRunId = Run }, StagedServer);
            session.WriteStarted(process.Id);
            ServerState server = await session.WaitForServerAsync(TimeSpan.FromSeconds(30)) ?? throw new InvalidOperationException("no server");
            List<SyncStorageClient> clients = Enumerable.Range(0, Workers).Select(_ => new SyncStorageClient(server.Url, server.Secret)).ToList();

            // All at once: what a solution of 200 projects would never do.
            RegisterResponse[] registered = await Task.WhenAll(clients.Select((client, worker) => client.RegisterAsync(
                new RegisterRequest { Pid = Pid(worker), TestRunId = Run, Project = Pid(worker), TargetFramework = "net10.0", Part = WorkerPart.Logger, ProcessId = Environment.ProcessId }, default)));
            masters = registered.Count(answer => answer.IsMaster);

            var clock = Stopwatch.StartNew();
            Task watching = WatchAsync(process, clock, duration, memory);
            await Task.WhenAll(clients.Select((client, worker) => WorkAsync(client, worker, clock, duration, times, errors)));
            await watching;
            observed = long.Parse(await CountAsync(server), CultureInfo.InvariantCulture);
            await Task.WhenAll(clients.Select((client, worker) => client.SetWorkerStatusAsync(
                new WorkerStatusRequest { Pid = Pid(worker), TestRunId = Run, Status = WorkerStatus.Completed, Part = WorkerPart.Logger }, default)));
            clients.ForEach(client => client.Dispose());
        }

        await SessionServer.WaitForEndAsync(session.ReadStarted() ?? 0, TimeSpan.FromSeconds(30));
        int lines = File.ReadLines(Directory.GetFiles(directory, "results.jsonl", SearchOption.AllDirectories).Single()).Count();
        Folders.Remove(directory);
        return Tell(minutes, [.. times.Order()], errors, memory, masters, observed, lines);
    }

    private static string StagedServer
    {
        get
        {
            Dictionary<string, string?> metadata = typeof(Load).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().ToDictionary(a => a.Key, a => a.Value);
            return Path.Combine(metadata["RepositoryRoot"]!, "src", "SyncStorage.Build", "bin", metadata["Configuration"]!, "package", "server", "SyncStorage.Server.dll");
        }
    }

    private static async Task WorkAsync(SyncStorageClient client, int worker, Stopwatch clock, TimeSpan duration, ConcurrentBag<double> times, ConcurrentQueue<string> errors)
    {
        // Spread over the second, as workers that do not know of each other are.
        TimeSpan offset = TimeSpan.FromMilliseconds(1000.0 * worker / Workers);
        for (int second = 0; second < duration.TotalSeconds; second++)
        {
            TimeSpan wait = offset + TimeSpan.FromSeconds(second) - clock.Elapsed;
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }

            var batch = new ResultBatch { Pid = Pid(worker), TestRunId = Run, Results = Enumerable.Range(second * BatchSize, BatchSize).Select(SampleResult.Of).ToList() };
            long started = Stopwatch.GetTimestamp();
            try
            {
                await client.PostResultsAsync(batch, default);
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
            catch (SyncStorageClientException e)
            {
                errors.Enqueue(e.Message);
            }
        }
    }

    /// <summary>Resident memory of the server once a second.</summary>
    private static async Task WatchAsync(Process process, Stopwatch clock, TimeSpan duration, List<double> memory)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (clock.Elapsed < duration && await timer.WaitForNextTickAsync())
        {
            process.Refresh();
            memory.Add(process.WorkingSet64 / 1048576.0);
            if (memory.Count % 60 == 0)
            {
                Console.WriteLine($"minute {memory.Count / 60}: {memory.TakeLast(60).Average():0.0} MB");
            }
        }
    }

    private static async Task<string> CountAsync(ServerState server)
    {
        using var http = new System.Net.Http.HttpClient();
        http.DefaultRequestHeaders.Add(Routes.SecretHeader, server.Secret);
        using var state = System.Text.Json.JsonDocument.Parse(await http.GetStringAsync($"{server.Url}{Routes.State}?testRunId={Run}"));
        return state.RootElement.GetProperty("results").GetProperty("observed").GetRawText();
    }

    private static bool Tell(int minutes, double[] times, ConcurrentQueue<string> errors, List<double> memory, int masters, long observed, int lines)
    {
        // The first minute fills pools and compiles; the last whole one is compared with the second.
        List<double> averages = memory.Chunk(60).Where(chunk => chunk.Length >= 55).Select(chunk => chunk.Average()).ToList();
        double second = averages.Count > 1 ? averages[1] : averages.FirstOrDefault(memory.Average());
        double last = averages.Count > 0 ? averages[^1] : second;
        double p99 = times.Length == 0 ? double.NaN : times[(int)(times.Length * 0.99)];
        long expected = (long)minutes * 60 * ResultsPerSecond;
        string[] problems =
        [
            .. errors.GroupBy(error => error).Select(group => $"{group.Count()} x {group.Key}"),
            .. masters == 1 ? Array.Empty<string>() : [$"{masters} masters"],
            .. observed == expected && lines == expected ? Array.Empty<string>() : [$"{observed} observed and {lines} lines of {expected} results"],
            .. p99 <= LongestP99 ? Array.Empty<string>() : [$"p99 is {p99:0.0} ms"],
            .. last <= second * MostGrowth ? Array.Empty<string>() : [$"memory grew from {second:0.0} MB to {last:0.0} MB"],
        ];
        foreach (string problem in problems)
        {
            Console.WriteLine("VIOLATION: " + problem);
        }

        Table.Header();
        Table.Row(
            $"load: {Workers} workers, {ResultsPerSecond} results a second, {minutes} minutes",
            $"{observed} results in {times.Length} requests, {errors.Count} errors",
            string.Create(CultureInfo.InvariantCulture, $"hand-over: median {times.ElementAtOrDefault(times.Length / 2):0.0} ms, p99 {p99:0.0} ms, longest {times.LastOrDefault():0.0} ms; memory: second minute {second:0.0} MB, last minute {last:0.0} MB ({last / second - 1:+0.0%;-0.0%})"));
        return problems.Length == 0;
    }

    private static string Pid(int worker) => string.Create(CultureInfo.InvariantCulture, $"worker-{worker}");
}

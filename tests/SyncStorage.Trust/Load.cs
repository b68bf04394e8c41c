using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using SyncStorage.Sessions;

namespace SyncStorage.Trust;

/// <summary>200 workers mail 1000 results a second to the real server process; it stays close behind and its memory flat.</summary>
internal static class Load
{
    private const int Workers = 200;
    private const int ResultsPerSecond = 1000;
    private const int BatchSize = ResultsPerSecond / Workers;
    private const string Run = "load";

    /// <summary>The aims: how far the server may be behind (P99), and how much its memory may grow.</summary>
    private const double LongestP99 = 100;
    private const double MostGrowth = 1.10;

    public static async Task<bool> RunAsync(int minutes)
    {
        string directory = Directory.CreateTempSubdirectory("SyncStorage.Load-").FullName;
        Session session = Session.ForKey("load " + Guid.NewGuid());
        var folder = new RunFolder(directory, Run);
        var duration = TimeSpan.FromMinutes(minutes);
        var times = new ConcurrentBag<double>();
        var memory = new List<double>();
        var probes = new List<double>();
        int left;
        ProcessIdentity server;
        Console.WriteLine($"Load: {Workers} workers, {ResultsPerSecond} results a second, {minutes} minutes.");
        using (session.TakeLease())
        {
            server = ServerLauncher.Start(session.Directory, new ServerStart { Port = 0, Directory = directory, TestRunId = Run }.ToOptions(), StagedServer);
            session.WriteStarted(server);
            using var process = Process.GetProcessById(server.Id);
            _ = await session.WaitForServerAsync(TimeSpan.FromSeconds(30)) ?? throw new InvalidOperationException("no server");

            // All at once: what a solution of 200 projects would never do.
            List<MailingWorker> workers = Enumerable.Range(0, Workers).Select(worker => new MailingWorker(folder.MailDirectory, Run, Pid(worker))).ToList();
            using var probe = new MailingWorker(folder.MailDirectory, Run, "probe");

            var clock = Stopwatch.StartNew();
            Task watching = WatchAsync(process, clock, duration, memory);
            Task probing = ProbeAsync(probe, folder.ResultsPath, clock, duration, probes);
            await Task.WhenAll(workers.Select((mail, worker) => WorkAsync(mail, worker, clock, duration, times)));
            await Task.WhenAll(watching, probing);
            workers.ForEach(mail => mail.Complete());
            probe.Complete();
            workers.ForEach(mail => mail.Dispose());
        }

        await ServerProcess.WaitForEndAsync(server, TimeSpan.FromSeconds(60));
        using var report = System.Text.Json.JsonDocument.Parse(await File.ReadAllBytesAsync(folder.ReportPath));
        int masters = report.RootElement.GetProperty("workers").EnumerateArray().Count(worker => worker.GetProperty("isMaster").GetBoolean());
        long observed = report.RootElement.GetProperty("results").GetProperty("observed").GetInt64() - probes.Count;
        int lines = File.ReadLines(folder.ResultsPath).Count() - probes.Count;
        left = Directory.Exists(folder.MailDirectory) ? Directory.GetFiles(folder.MailDirectory).Length : 0;
        Folders.Remove(directory);
        return Tell(minutes, [.. times.Order()], [.. probes.Order()], memory, masters, observed, lines, left);
    }

    private static string StagedServer
    {
        get
        {
            Dictionary<string, string?> metadata = typeof(Load).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().ToDictionary(a => a.Key, a => a.Value);
            return Path.Combine(metadata["RepositoryRoot"]!, "src", "SyncStorage.Build", "bin", metadata["Configuration"]!, "package", "server", "SyncStorage.Server.dll");
        }
    }

    private static async Task WorkAsync(MailingWorker mail, int worker, Stopwatch clock, TimeSpan duration, ConcurrentBag<double> times)
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

            long started = Stopwatch.GetTimestamp();
            mail.Send(second * BatchSize, BatchSize);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds / BatchSize);
        }
    }

    /// <summary>How long a result takes from the mail to the file of results, about twice a second.</summary>
    private static async Task ProbeAsync(MailingWorker mail, string results, Stopwatch clock, TimeSpan duration, List<double> probes)
    {
        await Task.Delay(TimeSpan.FromSeconds(1));
        using var reader = new FileStream(results, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        while (clock.Elapsed < duration)
        {
            reader.Seek(0, SeekOrigin.End);
            byte[] mark = System.Text.Encoding.UTF8.GetBytes($"\"probe-{probes.Count}\"");
            var seen = new MemoryStream();
            long started = Stopwatch.GetTimestamp();
            mail.Send(MailingWorker.Numbered(0) with { DisplayName = $"probe-{probes.Count}" }, probes.Count);
            while (seen.GetBuffer().AsSpan(0, (int)seen.Length).IndexOf(mark) < 0)
            {
                await Task.Delay(1);
                await reader.CopyToAsync(seen);
            }

            probes.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.Delay(487);
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

    private static bool Tell(int minutes, double[] times, double[] probes, List<double> memory, int masters, long observed, int lines, int left)
    {
        // The first minute fills pools and compiles; the last whole one is compared with the second.
        List<double> averages = memory.Chunk(60).Where(chunk => chunk.Length >= 55).Select(chunk => chunk.Average()).ToList();
        double second = averages.Count > 1 ? averages[1] : averages.FirstOrDefault(memory.Average());
        double last = averages.Count > 0 ? averages[^1] : second;
        double p99 = probes.Length == 0 ? double.NaN : probes[(int)(probes.Length * 0.99)];
        long expected = (long)minutes * 60 * ResultsPerSecond;
        string[] problems =
        [
            .. left == 0 ? Array.Empty<string>() : [$"{left} mail files are left"],
            .. masters == 1 ? Array.Empty<string>() : [$"{masters} masters"],
            .. observed == expected && lines == expected ? Array.Empty<string>() : [$"{observed} observed and {lines} lines of {expected} results"],
            .. p99 <= LongestP99 ? Array.Empty<string>() : [$"the server is {p99:0.0} ms behind (p99)"],
            .. last <= second * MostGrowth ? Array.Empty<string>() : [$"memory grew from {second:0.0} MB to {last:0.0} MB"],
        ];
        foreach (string problem in problems)
        {
            Console.WriteLine("VIOLATION: " + problem);
        }

        Table.Header();
        Table.Row(
            $"load: {Workers} workers, {ResultsPerSecond} results a second, {minutes} minutes",
            $"{observed} results",
            string.Create(CultureInfo.InvariantCulture, $"a line takes the worker: median {times.ElementAtOrDefault(times.Length / 2):0.000} ms, p99 {times.ElementAtOrDefault((int)(times.Length * 0.99)):0.000} ms; the server is behind: median {probes.ElementAtOrDefault(probes.Length / 2):0} ms, p99 {p99:0} ms, at most {probes.LastOrDefault():0} ms; memory: second minute {second:0.0} MB, last minute {last:0.0} MB ({last / second - 1:+0.0%;-0.0%})"));
        return problems.Length == 0;
    }

    private static string Pid(int worker) => string.Create(CultureInfo.InvariantCulture, $"worker-{worker}");
}

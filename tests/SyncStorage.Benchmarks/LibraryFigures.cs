using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SyncStorage.Benchmarks;

/// <summary>What the library costs an adapter: starting cold, joining, and handling results as a worker that is not master.</summary>
internal static class LibraryFigures
{
    /// <summary>Argument with which the program calls itself: a cold start needs a process that has done nothing yet.</summary>
    public const string ColdProcess = "library-cold";

    private const int Rounds = 11;
    private const int Calls = 10_000_000;

    public static async Task RunAsync()
    {
        await ColdStartAsync();
        await JoinAsync();
        await HandleAsync();
    }

    /// <summary>In a process of its own: prints the milliseconds of one cold start.</summary>
    public static async Task<int> RunColdAsync(string what)
    {
        double milliseconds = what == "bare" ? await StartBareAsync() : await StartLibraryAsync();
        Console.WriteLine(milliseconds.ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static async Task ColdStartAsync()
    {
        var ours = new List<double>();
        var bare = new List<double>();
        for (int round = -1; round < Rounds; round++)
        {
            double first = await InColdProcessAsync("library");
            double second = await InColdProcessAsync("bare");
            if (round >= 0)
            {
                ours.Add(first);
                bare.Add(second);
            }
        }

        Table.Milliseconds("library: cold StartAsync that starts the server, against a bare Kestrel process until it answers", ours, bare, "<= 1.30");
    }

    private static async Task<double> InColdProcessAsync(string what)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(LibraryFigures).Assembly.Location, ColdProcess, what]) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return double.Parse(output, CultureInfo.InvariantCulture);
    }

    private static async Task<double> StartLibraryAsync()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        int port = FreePort();
        var clock = Stopwatch.StartNew();
        var runner = new SyncStorageRunner(new SyncStorageConfig(Guid.NewGuid().ToString(), port), new SyncStorageOptions { Directory = directory });
        bool started = await runner.StartAsync();
        double milliseconds = clock.Elapsed.TotalMilliseconds;
        await runner.DisposeAsync();
        Folders.Remove(directory);
        return started ? milliseconds : double.NaN;
    }

    /// <summary>Not 0: looking whether somebody listens already belongs to the start.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<double> StartBareAsync()
    {
        var clock = Stopwatch.StartNew();
        using ServerProcess server = await ServerProcess.StartAsync(Path.Combine(Repository.Baseline("BareKestrel", "net8.0"), "BareKestrel.dll"));
        using var http = new HttpClient();
        (await http.GetAsync(server.Url + "/health")).EnsureSuccessStatusCode();
        return clock.Elapsed.TotalMilliseconds;
    }

    private static async Task JoinAsync()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        using ServerProcess server = await ServerProcess.StartAsync(Repository.Server, "--port", "0", "--directory", directory);
        int port = new Uri(server.Url).Port;
        var joins = new List<double>();
        for (int round = -1; round < 50; round++)
        {
            var clock = Stopwatch.StartNew();
            await using var runner = new SyncStorageRunner("run", port);
            bool started = await runner.StartAsync();
            if (round >= 0)
            {
                joins.Add(started ? clock.Elapsed.TotalMilliseconds : double.NaN);
            }
        }

        Table.Row("library: StartAsync that joins a running service", $"{Table.Median(joins):0.0} ms", "", null, "below 50 ms");
    }

    private static async Task HandleAsync()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        using ServerProcess server = await ServerProcess.StartAsync(Repository.Server, "--port", "0", "--directory", directory);
        int port = new Uri(server.Url).Port;
        await using var master = new SyncStorageRunner("run", port);
        await master.StartAsync();
        await using var worker = new SyncStorageRunner("run", port);
        bool started = await worker.StartAsync();
        var manager = new TestResultManager(worker);
        var result = new SyncStorageTestResult("test", "Passed");
        var nanoseconds = new List<double>();
        long allocated = 0;
        for (int round = -1; round < 5; round++)
        {
            var clock = Stopwatch.StartNew();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Calls; i++)
            {
                if (!started || await manager.HandleTestCompletionAsync(result))
                {
                    throw new InvalidOperationException("This worker is master, or none at all.");
                }
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            nanoseconds.Add(clock.Elapsed.TotalMilliseconds * 1e6 / Calls);
        }

        Table.Row("library: HandleTestCompletion of a worker that is not master", $"{Table.Median(nanoseconds):0.0} ns, {allocated / (double)Calls:0.##} bytes", "", null, "below 1 µs, none");
    }
}

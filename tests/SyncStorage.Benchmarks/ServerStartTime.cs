using System.Diagnostics;

namespace SyncStorage.Benchmarks;

/// <summary>From Process.Start to the first 200 of /health, in turn with a bare Kestrel application.</summary>
internal static class ServerStartTime
{
    private const int Rounds = 15;

    public static async Task RunAsync()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        string bare = Path.Combine(Repository.Baseline("BareKestrel", "net8.0"), "BareKestrel.dll");
        var ours = new List<double>();
        var theirs = new List<double>();
        for (int round = -1; round < Rounds; round++)
        {
            double first = await MeasureAsync(Repository.Server, "--port", "0", "--directory", directory);
            double second = await MeasureAsync(bare);
            if (round >= 0)
            {
                ours.Add(first);
                theirs.Add(second);
            }
        }

        Folders.Remove(directory);
        Table.Milliseconds("server: start to first answer", ours, theirs, "<= 1.20");
    }

    private static async Task<double> MeasureAsync(params string[] arguments)
    {
        var clock = Stopwatch.StartNew();
        using ServerProcess server = await ServerProcess.StartAsync(arguments);
        using var http = new HttpClient();
        (await http.GetAsync(server.Url + "/health")).EnsureSuccessStatusCode();
        return clock.Elapsed.TotalMilliseconds;
    }
}

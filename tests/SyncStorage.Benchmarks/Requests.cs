using System.Diagnostics;
using System.Text;

namespace SyncStorage.Benchmarks;

/// <summary>register + two statuses + keep-alive by 1000 workers over 32 connections, against as many posts to an empty Kestrel endpoint.</summary>
internal static class Requests
{
    private const int Workers = 1000;
    private const int Connections = 32;
    private const int Rounds = 7;

    public static async Task RunAsync()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        using ServerProcess server = await ServerProcess.StartAsync(Repository.Server, "--port", "0", "--directory", directory);
        using ServerProcess bare = await ServerProcess.StartAsync(Path.Combine(Repository.Baseline("BareKestrel", "net8.0"), "BareKestrel.dll"));
        var ours = new List<double>();
        var theirs = new List<double>();
        for (int round = -2; round < Rounds; round++)
        {
            string run = Guid.NewGuid().ToString();
            double first = await RateAsync(worker => Conversation(server.Url, run, worker));
            double second = await RateAsync(worker => Conversation(bare.Url, run, worker).Select(call => (bare.Url + "/empty", call.Body)));
            if (round >= 0)
            {
                ours.Add(first);
                theirs.Add(second);
            }
        }

        Folders.Remove(directory);
        Table.Row(
            "register, two statuses, keep-alive; 1000 workers, 32 connections",
            $"{Table.Median(ours):0} requests/s", $"{Table.Median(theirs):0} requests/s", Table.Median(ours) / Table.Median(theirs), ">= 0.60");
    }

    private static IEnumerable<(string Url, string Body)> Conversation(string url, string run, int worker)
    {
        yield return (url + "/register", $$"""{"pid":"{{worker}}","testRunId":"{{run}}"}""");
        yield return (url + "/set_worker_status", $$"""{"pid":"{{worker}}","testRunId":"{{run}}","status":"in_progress"}""");
        yield return (url + "/keep_alive", $$"""{"pid":"{{worker}}","testRunId":"{{run}}"}""");
        yield return (url + "/set_worker_status", $$"""{"pid":"{{worker}}","testRunId":"{{run}}","status":"completed"}""");
    }

    private static async Task<double> RateAsync(Func<int, IEnumerable<(string Url, string Body)>> conversation)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Connections });
        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, Workers), new ParallelOptions { MaxDegreeOfParallelism = Connections }, async (worker, cancellation) =>
        {
            foreach ((string url, string body) in conversation(worker))
            {
                using var content = new StringContent(body, Encoding.UTF8, "application/json");
                using HttpResponseMessage answer = await http.PostAsync(url, content, cancellation);
                answer.EnsureSuccessStatusCode();
            }
        });
        return Workers * 4 / clock.Elapsed.TotalSeconds;
    }
}

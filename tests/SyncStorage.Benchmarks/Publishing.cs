using System.Diagnostics;
using System.Text.Json;
using SyncStorage.Protocol;
using SyncStorage.Sessions;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Benchmarks;

/// <summary>Results through the whole server: handed over as a logger does it, published to a Test IT in another process, at the rate that this one allows.</summary>
internal static class Publishing
{
    public static async Task RunAsync()
    {
        const int results = 100_000;
        Outcome outcome = await PublishAsync(results, TimeSpan.Zero);
        Table.Row(
            "100 000 results handed over and published to Test IT",
            $"{results / outcome.Seconds:0} results/s, server at most {outcome.PeakMegabytes:0} MB; {outcome.Sent} sent, {outcome.Rows} rows in Test IT, {outcome.Violations} violations",
            "", null, "below 150 MB, none lost or doubled");
    }

    /// <summary>Test IT goes away in the middle for a minute, not before it has swallowed the answers to some results.</summary>
    public static async Task RunWithOutageAsync()
    {
        const int results = 5_000;
        const int seconds = 60;
        Outcome outcome = await PublishAsync(results, TimeSpan.FromSeconds(1), "--outage", seconds.ToString(provider: null), "--outage-after", "500");
        Table.Row(
            $"5 000 results, Test IT away for {seconds} s in the middle",
            $"{outcome.Seconds:0} s; {outcome.Sent} sent, {outcome.Rows} rows in Test IT, {outcome.Violations} violations",
            "", null, "none lost or doubled");
    }

    private sealed record Outcome(double Seconds, double PeakMegabytes, long Sent, int Rows, int Violations);

    /// <param name="pause">Between two tenths of the results.</param>
    private static async Task<Outcome> PublishAsync(int results, TimeSpan pause, params string[] standIn)
    {
        string runId = Guid.NewGuid().ToString();
        var options = new TestItOptions();
        using ServerProcess testIt = await ServerProcess.StartAsync([Path.Combine(AppContext.BaseDirectory, "TestItStandIn.dll"), "--run", runId, .. standIn]);
        string directory = Directory.CreateTempSubdirectory().FullName;
        var session = Session.ForKey("benchmark " + Guid.NewGuid());
        session.WriteRun(new RunSettings
        {
            TestRunId = runId, TestRunIdGiven = true, Publish = true, Url = testIt.Url, AdapterMode = 1,
            ProjectId = options.ProjectId, ConfigurationId = options.ConfigurationId,
        });
        Environment.SetEnvironmentVariable("TMS_PRIVATE_TOKEN", options.Token);
        var clock = Stopwatch.StartNew();
        double peak = 0;
        Process process;
        using (session.TakeLease())
        {
            ProcessIdentity server = ServerLauncher.Start(session.Directory, new ServerStart { Port = 0, Directory = directory, TestRunId = runId, CompletionTimeout = 900 }.ToOptions(), Repository.Server);
            session.WriteStarted(server);
            process = Process.GetProcessById(server.Id);
            _ = await session.WaitForServerAsync(TimeSpan.FromSeconds(30)) ?? throw new InvalidOperationException("no server");
            using var worker = new MailingWorker(new RunFolder(directory, runId).MailDirectory, runId, "w");
            for (int tenth = 0; tenth < 10; tenth++)
            {
                worker.Send(tenth * (results / 10), results / 10);
                await Task.Delay(pause);
            }

            worker.Complete();
        }

        using (process)
        {
            while (!process.HasExited)
            {
                process.Refresh();
                peak = Math.Max(peak, process.HasExited ? 0 : process.PeakWorkingSet64 / 1048576.0);
                await Task.Delay(50);
            }
        }

        double seconds = clock.Elapsed.TotalSeconds;
        using JsonDocument report = JsonDocument.Parse(await File.ReadAllBytesAsync(new RunFolder(directory, runId).ReportPath));
        string[] said = await testIt.EndAsync();
        Folders.Remove(directory);

        // "run ID: Completed, 100000 rows, 1 held (...)"
        string run = said.Single(line => line.StartsWith("run " + runId, StringComparison.Ordinal));
        int rows = int.Parse(run.Split(", ")[1].Split(' ')[0], provider: null);
        return new Outcome(
            seconds,
            peak,
            report.RootElement.GetProperty("results").GetProperty("sent").GetInt64(),
            rows,
            said.Count(line => line.StartsWith("violation", StringComparison.Ordinal)));
    }
}

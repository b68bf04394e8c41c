using System.Diagnostics;
using SyncStorage.Sessions;

namespace SyncStorage.Benchmarks;

/// <summary>100 000 finished results mailed as a logger does it, and journaled.</summary>
internal static class HandOver
{
    private const int Results = 100_000;

    public static async Task RunAsync()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        var session = Session.ForKey("benchmark " + Guid.NewGuid());
        var run = new RunFolder(directory, "handover");
        double written;
        double journaled;
        double peak;
        ProcessIdentity server;
        using (session.TakeLease())
        {
            server = ServerLauncher.Start(session.Directory, new ServerStart { Port = 0, Directory = directory, TestRunId = "handover" }.ToOptions(), Repository.Server);
            session.WriteStarted(server);
            using var process = Process.GetProcessById(server.Id);
            _ = await session.WaitForServerAsync(TimeSpan.FromSeconds(30)) ?? throw new InvalidOperationException("no server");
            using var worker = new MailingWorker(run.MailDirectory, "handover", "w");

            var clock = Stopwatch.StartNew();
            worker.Send(0, Results);
            written = Results / clock.Elapsed.TotalSeconds;
            worker.Complete();
            // The mail goes once all of it is stored.
            while (Directory.GetFiles(run.MailDirectory).Length > 0)
            {
                await Task.Delay(5);
            }

            journaled = Results / clock.Elapsed.TotalSeconds;
            process.Refresh();
            peak = process.PeakWorkingSet64 / 1048576.0;
        }

        await SyncStorage.Sessions.ServerProcess.WaitForEndAsync(server, TimeSpan.FromSeconds(30));
        Folders.Remove(directory);
        Table.Row("100 000 results mailed and journaled", $"{journaled:0} results/s (written with {written:0}/s), server at most {peak:0} MB", "", null, "below 80 MB");
    }
}

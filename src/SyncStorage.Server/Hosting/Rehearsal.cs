using System;
using System.IO;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Plays a run of one worker and one result through, up to its report and the end of the listening, in a folder that goes again.
/// The end of a short run is nearly all compiling, and the user waits for it; while the tests run nobody does.
/// </summary>
internal static class Rehearsal
{
    private const string RunId = "rehearsal";
    private const string Pid = "1";

    private static readonly byte[] Batch = Encoding.UTF8.GetBytes(
        $$"""{"pid":"{{Pid}}","testRunId":"{{RunId}}","results":[{"sequence":0,"fullyQualifiedName":"A.B.C","outcome":"Passed","startedOn":"2000-01-01T00:00:00Z","durationMs":1,"traits":[{"name":"A","value":"B"}]}]}""");

    /// <param name="directory">Created and removed.</param>
    /// <param name="time">The server's.</param>
    public static async Task RunAsync(string directory, TimeProvider time)
    {
        try
        {
            using var log = new ServerLog(time);
            using var runs = new RunBook(
                new RunHost { Clock = new Clock(time), Log = log, Processes = new OperatingSystemProcesses(), Directory = directory, SettingsOf = id => new RunSettings { TestRunId = id } },
                RunId);
            await runs.RegisterAsync(new RegisterRequest { Pid = Pid, TestRunId = RunId, Part = WorkerPart.Logger, ProcessId = Environment.ProcessId }).ConfigureAwait(false);
            runs.Accept(JsonSerializer.Deserialize(Batch, WireJson.Default.ResultBatch)!);
            await runs.SetStatusAsync(new WorkerStatusRequest { Pid = Pid, TestRunId = RunId, Status = WorkerStatus.Completed, Part = WorkerPart.Logger }).ConfigureAwait(false);
            Run run = runs.Open(RunId);
            run.Pass();
            await run.FinishAsync(interrupted: false, CancellationToken.None).ConfigureAwait(false);
            if (run.IsRunning)
            {
                throw new InvalidOperationException("The rehearsed run did not end.");
            }

            using ListeningSockets sockets = ListeningSockets.Bind(0, null);
            await using HttpServer http = await HttpServer.StartAsync(sockets, _ => Task.CompletedTask).ConfigureAwait(false);
        }
        finally
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }
}

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Mail;
using SyncStorage.Protocol;
using SyncStorage.Settings;

namespace SyncStorage.Sessions;

// What the processes of the invocation tell each other about it, a file each.
internal sealed partial class Session
{
    /// <summary>The first one wins, so that a server that has to be started again is the same.</summary>
    public void WriteStart(ServerStart start)
    {
        if (!File.Exists(StartPath))
        {
            Write(StartPath, WireJsonOut.Default.Write(start));
        }
    }

    /// <summary>Null when nobody has said yet how to start the server.</summary>
    public ServerStart? ReadStart() => Read(StartPath, WireJson.Default.ServerStart);

    public void WriteWorker(string pid, MailAddress address) => Write(MailAddress.PathIn(Directory, pid), address.ToBytes());

    /// <summary>The first to describe a run wins: all projects of an invocation that share a run id report by the same settings.</summary>
    public void WriteRun(RunSettings run)
    {
        string path = RunPath(run.TestRunId);
        if (!File.Exists(path))
        {
            Write(path, WireJsonOut.Default.Write(run));
        }
    }

    public RunSettings? ReadRun(string testRunId) => Read(RunPath(testRunId), WireJson.Default.RunSettings);

    public IReadOnlyList<RunSettings> ReadRuns()
        => System.IO.Directory.GetFiles(RunsDirectory, "*.json")
            .Select(path => Read(path, WireJson.Default.RunSettings))
            .OfType<RunSettings>()
            .ToList();

    /// <summary>Of all runs. Not <see cref="ReadRuns"/>, for MSBuild at the end of the build: compiling that takes longer than all the rest there.</summary>
    public IReadOnlyList<string> ReadRunIds()
        => System.IO.Directory.GetFiles(RunsDirectory, "*.json").Select(ReadRunId).OfType<string>().ToList();

    /// <summary>Of the runs that have come since the last call.</summary>
    /// <param name="known">Remembers which those are; empty at the first call.</param>
    public IEnumerable<string> ReadNewRunIds(HashSet<string> known)
    {
        foreach (string path in System.IO.Directory.EnumerateFiles(RunsDirectory, "*.json"))
        {
            if (!known.Contains(path) && ReadRunId(path) is { Length: > 0 } id)
            {
                known.Add(path);
                yield return id;
            }
        }
    }

    public void WritePlan(string testRunId, TestPlan plan) => Write(PlanPath(testRunId), JsonSerializer.SerializeToUtf8Bytes(plan, WireJsonOut.Default.TestPlan));

    /// <summary>Waits for the plan of a run; null when the server ended, could not start or did not answer in time.</summary>
    public async Task<TestPlan?> WaitForPlanAsync(string testRunId, TimeSpan timeout, CancellationToken cancellation = default)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            TestPlan? plan = Read(PlanPath(testRunId), WireJson.Default.TestPlan);
            if (plan is not null || File.Exists(StartErrorPath) || waited.Elapsed >= timeout)
            {
                return plan;
            }

            await Task.Delay(PollInterval, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Writes a file so that a reader sees the old or the new content, never a half of it.</summary>
    public static void Write(string path, byte[] content)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        File.WriteAllBytes(temporary, content);
        if (File.Exists(path))
        {
            File.Replace(temporary, path, destinationBackupFileName: null);
            return;
        }

        try
        {
            File.Move(temporary, path);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was a moment faster.
            File.Replace(temporary, path, destinationBackupFileName: null);
        }
    }

    private string StartPath => Path.Combine(Directory, "start.json");

    private string PlanPath(string testRunId) => Path.Combine(PlansDirectory, SessionFolders.Hash(testRunId) + ".json");

    private string RunPath(string testRunId) => Path.Combine(RunsDirectory, SessionFolders.Hash(testRunId) + ".json");

    private static T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        // Who waits for a file asks a hundred times a second: an exception each time would slow down what it waits for.
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    private static string? ReadRunId(string path)
    {
        try
        {
            using JsonDocument run = JsonDocument.Parse(File.ReadAllBytes(path));
            return run.RootElement.GetProperty("testRunId").GetString();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }
}

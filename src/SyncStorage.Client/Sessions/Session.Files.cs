using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SyncStorage.Mail;
using SyncStorage.Protocol;
using SyncStorage.Settings;

namespace SyncStorage.Sessions;

// What the processes of the invocation tell each other about it, a file each.
internal sealed partial class Session
{
    public void WriteWorker(string pid, MailAddress address) => SharedFile.Write(MailAddress.PathIn(Directory, pid), address.ToBytes());

    /// <summary>The first to describe a run wins: all projects of an invocation that share a run id report by the same settings.</summary>
    public void WriteRun(RunSettings run)
    {
        string path = RunPath(run.TestRunId);
        if (!File.Exists(path))
        {
            SharedFile.Write(path, WireJsonOut.Default.Write(run));
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

    public void WritePlan(string testRunId, TestPlan plan)
        => SharedFile.Write(PlanPath(testRunId), JsonSerializer.SerializeToUtf8Bytes(plan, WireJsonOut.Default.TestPlan));

    /// <summary>Null while the server has none.</summary>
    public TestPlan? ReadPlan(string testRunId) => Read(PlanPath(testRunId), WireJson.Default.TestPlan);

    public IReadOnlyList<ProjectPlanRequest> ReadPlanRequests()
        => System.IO.Directory.GetFiles(PlansDirectory, "*" + RequestSuffix)
            .Select(path => Read(path, WireJson.Default.ProjectPlanRequest))
            .OfType<ProjectPlanRequest>()
            .ToList();

    public void WriteProjectPlan(string worker, ProjectPlan plan)
        => SharedFile.Write(ProjectPlanPath(worker), JsonSerializer.SerializeToUtf8Bytes(plan, WireJsonOut.Default.ProjectPlan));

    /// <summary>Asks the server which tests of a built project are to run; null when it ended, could not start or did not answer in time.</summary>
    public async Task<ProjectPlan?> AskForPlanAsync(ProjectPlanRequest request, TimeSpan timeout, CancellationToken cancellation = default)
    {
        SharedFile.Write(Path.Combine(PlansDirectory, SessionFolders.Hash(request.Worker) + RequestSuffix), WireJsonOut.Default.Write(request));
        var waited = Stopwatch.StartNew();
        while (true)
        {
            ProjectPlan? plan = Read(ProjectPlanPath(request.Worker), WireJson.Default.ProjectPlan);
            if (plan is not null || File.Exists(StartErrorPath) || waited.Elapsed >= timeout)
            {
                return plan;
            }

            await Task.Delay(PollInterval, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Under SyncStorageFailOnError a project has waited for the delivery of its results until the time was up: nobody else of the invocation waits again.</summary>
    public void NoteWaitedInVain(TimeSpan waited)
        => SharedFile.WriteText(WaitedInVainPath, waited.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture));

    /// <summary>Zero when nobody has.</summary>
    public TimeSpan ReadWaitedInVain()
        => long.TryParse(SharedFile.ReadText(WaitedInVainPath), NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds)
            ? TimeSpan.FromMilliseconds(milliseconds)
            : TimeSpan.Zero;

    private const string RequestSuffix = ".ask";

    private string WaitedInVainPath => Path.Combine(Directory, "waited");

    private string PlanPath(string testRunId) => Path.Combine(PlansDirectory, SessionFolders.Hash(testRunId) + ".json");

    private string ProjectPlanPath(string worker) => Path.Combine(PlansDirectory, SessionFolders.Hash(worker) + ".project.json");

    private string RunPath(string testRunId) => Path.Combine(RunsDirectory, SessionFolders.Hash(testRunId) + ".json");

    private static T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return SharedFile.Read(path) is { } content ? JsonSerializer.Deserialize(content, type) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? ReadRunId(string path)
    {
        if (SharedFile.Read(path) is not { } content)
        {
            return null;
        }

        try
        {
            using JsonDocument run = JsonDocument.Parse(content);
            return run.RootElement.GetProperty("testRunId").GetString();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

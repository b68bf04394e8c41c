using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Trust;

/// <summary>One `dotnet test` (or two that share a run) whose processes are killed, and what must hold afterwards.</summary>
internal sealed class SoakRound
{
    public const int TestsPerProject = 10;

    private const int Projects = 3;

    /// <summary>For the whole call; a healthy one takes five seconds on an idle machine of two cores, ten times that on a busy one.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(150);

    /// <summary>After the end of `dotnet test`, as the README promises.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(20);

    private readonly UserFolder _user;
    private readonly TestItServer _testIt;
    private readonly TaggedProcesses _processes = new();
    private readonly string _temporary;
    private readonly int _runsBefore;
    private readonly int _violationsBefore;
    private readonly TestRun? _given;
    private readonly List<string> _problems = [];
    private readonly List<string> _notes = [];
    private TimeSpan _took;

    public SoakRound(SoakPlan plan, UserFolder user, TestItServer testIt)
    {
        Plan = plan;
        (_user, _testIt) = (user, testIt);
        Folder = Path.Combine(user.Path, "round-" + plan.Number.ToString(CultureInfo.InvariantCulture));
        _temporary = Directory.CreateDirectory(Path.Combine(Folder, "tmp")).FullName;
        _violationsBefore = testIt.Violations.Count;
        _runsBefore = testIt.Runs.Count;
        _given = plan.Destination == Destination.GivenRun ? testIt.AddRun() : null;
    }

    public SoakPlan Plan { get; }

    /// <summary>Of this round alone: reports, output, temporary files.</summary>
    public string Folder { get; }

    public List<Role> Killed { get; } = [];

    public int Observed { get; private set; }

    public IReadOnlyList<string> Problems => _problems;

    public async Task RunAsync()
    {
        int port = Ports.Free();
        var clock = Stopwatch.StartNew();
        var calls = new List<Task<CommandResult?>> { CallAsync("one", port) };
        Task killing = Task.WhenAll(Plan.Kills.Select(kill => KillAsync(kill, calls)));
        if (Plan.Shared)
        {
            await Task.Delay(Plan.Stagger);
            calls.Add(CallAsync("two", port));
        }

        CommandResult?[] results = await Task.WhenAll(calls);
        await killing;
        _took = clock.Elapsed;
        await AwaitQuietAsync();
        List<Report> reports = ReadReports();
        if (_problems.Count == 0)
        {
            CheckReports(reports, results);
            CheckTestIt(reports);
        }

        foreach ((CommandResult? result, int i) in results.Select((result, i) => (result, i)))
        {
            File.WriteAllText(Path.Combine(Folder, $"output-{i}.txt"), result?.Output ?? "");
        }
    }

    public override string ToString()
        => $"{Plan}; {string.Join(", ", _notes)}; {_took.TotalSeconds:0.0} s, {Observed} observed; {(_problems.Count == 0 ? "ok" : "FAILED")}";

    private async Task<CommandResult?> CallAsync(string name, int port)
    {
        var environment = new Dictionary<string, string?>
        {
            [TaggedProcesses.VariableName] = _processes.Tag,
            ["TMPDIR"] = _temporary,
            // Worker nodes that stay for the next build would be taken for processes left behind.
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        };
        string? runId = _given?.Id ?? (Plan.Shared ? $"00000000-0000-0000-0000-{Plan.Number:d12}" : null);
        if (Plan.Destination != Destination.Local)
        {
            var options = new TestItOptions();
            environment["TMS_URL"] = _testIt.Url;
            environment["TMS_PRIVATE_TOKEN"] = options.Token;
            environment["TMS_PROJECT_ID"] = options.ProjectId;
            environment["TMS_CONFIGURATION_ID"] = options.ConfigurationId;
            environment["TMS_ADAPTER_MODE"] = Plan.Destination == Destination.GivenRun ? "1" : "2";
        }

        environment["TMS_TEST_RUN_ID"] = runId;
        using Command command = Command.Start(
            _user.Path,
            ["test", "All.slnx", "--no-build", "-m", $"-p:SyncStorageDirectory={Path.Combine(Folder, name)}", $"-p:SyncStoragePort={(Plan.Shared ? port : 0)}"],
            environment);
        try
        {
            return await command.WaitAsync().WaitAsync(Deadline);
        }
        catch (TimeoutException)
        {
            _problems.Add($"`dotnet test` was not over after {Deadline.TotalSeconds} s; living: {Living()}\n{command.Output}");
            return null;
        }
    }

    private async Task KillAsync(PlannedKill kill, List<Task<CommandResult?>> calls)
    {
        Stopwatch? seen = null;
        while (!calls.TrueForAll(call => call.IsCompleted))
        {
            List<int> prey = _processes.Living().Where(process => process.Role == kill.Role).Select(process => process.Pid).ToList();
            seen ??= prey.Count > 0 ? Stopwatch.StartNew() : null;
            if (prey.Count > 0 && seen!.Elapsed >= kill.After)
            {
                if (TaggedProcesses.Kill(prey[kill.Pick % prey.Count]))
                {
                    lock (Killed)
                    {
                        Killed.Add(kill.Role);
                        _notes.Add($"{kill.Role} killed");
                    }

                    return;
                }
            }

            TimeSpan left = kill.After - (seen?.Elapsed ?? TimeSpan.Zero);
            await Task.Delay(seen is not null && left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(20));
        }

        _notes.Add($"no {kill.Role} at that time");
    }

    private async Task AwaitQuietAsync()
    {
        var clock = Stopwatch.StartNew();
        while (_processes.Living().Count > 0 || Sessions().Any())
        {
            if (clock.Elapsed > Aftermath)
            {
                _problems.Add($"left behind after {Aftermath.TotalSeconds} s: {Living()}; {string.Join(", ", Sessions())}");
                foreach ((int pid, _, _) in _processes.Living())
                {
                    TaggedProcesses.Kill(pid);
                }

                return;
            }

            await Task.Delay(50);
        }

        if (clock.Elapsed > TimeSpan.FromSeconds(1))
        {
            _notes.Add($"quiet {clock.Elapsed.TotalSeconds:0.0} s later");
        }
    }

    private IEnumerable<string> Sessions()
        => Directory.EnumerateDirectories(_temporary, "SyncStorage-*").SelectMany(Directory.EnumerateFileSystemEntries);

    private string Living() => string.Join("; ", _processes.Living().Select(process => $"{process.Pid} {process.CommandLine}"));

    private List<Report> ReadReports()
    {
        var reports = new List<Report>();
        foreach (string directory in new[] { "one", "two" }.Select(name => Path.Combine(Folder, name)).Where(Directory.Exists))
        {
            string[] folders = Directory.GetDirectories(directory);
            if (folders.Length != 1)
            {
                _problems.Add($"{folders.Length} run folders in {directory}");
            }

            foreach (string folder in folders)
            {
                string path = Path.Combine(folder, "report.json");
                if (File.Exists(path))
                {
                    reports.Add(Report.Read(path));
                }
                else
                {
                    _problems.Add($"no {path}");
                }
            }
        }

        return reports;
    }

    private void CheckReports(List<Report> reports, CommandResult?[] results)
    {
        Demand(reports.Count == results.Length, $"{reports.Count} reports of {results.Length} calls");
        foreach (Report report in reports)
        {
            Counts counts = report.Results;
            Demand(report.State is "completed" or "interrupted", $"state {report.State}");
            Demand(counts.Observed == counts.Sent + counts.Spooled + counts.Rejected, $"observed is not sent + spooled + rejected: {counts}");
            Demand(counts.Observed == counts.Outcomes.Passed + counts.Outcomes.Failed + counts.Outcomes.Skipped, $"outcomes: {counts}");
            Demand(counts.Observed == 0 || report.Workers.Count(worker => worker.IsMaster) == 1, $"{report.Workers.Count(worker => worker.IsMaster)} masters");
            Demand(counts.Observed == 0 || report.InProgress is { Finalized: true }, "the held-back result is not final");
            Demand(counts is { Spooled: 0, Rejected: 0 }, $"not everything was sent: {counts}");
            CheckLines(report);

            // The tests themselves were not touched: all of them are observed, and the exit code is theirs.
            if (Killed.TrueForAll(role => role == Role.Server))
            {
                Demand(counts.Observed == Projects * TestsPerProject * results.Length, $"{counts.Observed} results of {Projects * TestsPerProject * results.Length} although only the server was killed");
                Demand(report.State == "completed", $"{report.State} although only the server was killed");
                Demand(results.All(result => result?.ExitCode == 0), $"exit codes {string.Join(", ", results.Select(result => result?.ExitCode))} although only the server was killed");
            }
        }

        Observed = reports.Count == 0 ? 0 : reports.Max(report => report.Results.Observed);
        Demand(reports.Select(report => report.Results.Observed).Distinct().Count() <= 1, $"the reports of a shared run differ: {string.Join(", ", reports.Select(report => report.Results.Observed))}");
    }

    private void CheckLines(Report report)
    {
        string path = Path.Combine(report.Folder, "results.jsonl");
        List<Line> lines = File.Exists(path) ? File.ReadLines(path).Select(line => JsonSerializer.Deserialize<Line>(line, JsonSerializerOptions.Web)!).ToList() : [];
        Demand(lines.Count == report.Results.Observed, $"{lines.Count} lines, {report.Results.Observed} observed");
        Demand(lines.Count(line => line.Delivery == "sent") == report.Results.Sent, "the lines' deliveries are not the report's");
        Demand(lines.Select(line => (line.Worker, line.Sequence)).Distinct().Count() == lines.Count, "a (worker, sequence) occurs twice");
        Demand(lines.Select(line => (line.Worker, line.FullyQualifiedName)).Distinct().Count() == lines.Count, "a test of a worker occurs twice");
    }

    private void CheckTestIt(List<Report> reports)
    {
        if (Plan.Destination == Destination.Local)
        {
            return;
        }

        foreach (string violation in _testIt.Violations.Skip(_violationsBefore))
        {
            _problems.Add("Test IT: " + violation);
        }

        List<TestRun> runs = _testIt.Runs.Skip(_runsBefore).ToList();
        if (Plan.Destination == Destination.CreatedRun && Killed.Contains(Role.Server))
        {
            // Killed between Test IT's creating a run and reading its id: nothing in Test IT's API finds that run again. The README says so.
            int empty = runs.RemoveAll(run => run.State == "NotStarted" && run.Rows.Count == 0 && reports.TrueForAll(report => report.TestRunId != run.Id));
            if (empty > 0)
            {
                _notes.Add($"{empty} empty run left in Test IT");
            }
        }

        Demand(runs.Count <= 1, $"{runs.Count} runs in Test IT");
        foreach (TestRun run in runs)
        {
            foreach (string problem in _testIt.Check(run).Except(_testIt.Violations))
            {
                _problems.Add("Test IT: " + problem);
            }

            Demand(run.Rows.Count <= Observed, $"{run.Rows.Count} rows in Test IT for {Observed} results");
            Demand(Plan.Shared || run.Rows.Count == reports.Sum(report => report.Results.Sent), $"{run.Rows.Count} rows in Test IT for {reports.Sum(report => report.Results.Sent)} sent results");
            Demand(run.HeldPosts <= 1 || Killed.Contains(Role.Server), $"{run.HeldPosts} results were held back");
            Demand(Observed == 0 || run.State == "Completed", $"the run in Test IT is {run.State}");
        }
    }

    private void Demand(bool holds, string otherwise)
    {
        if (!holds)
        {
            _problems.Add(otherwise);
        }
    }

    private sealed record Line(string Worker, long Sequence, string FullyQualifiedName, string Delivery);
}

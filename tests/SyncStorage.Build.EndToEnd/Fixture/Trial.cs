using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>One `dotnet test` of <see cref="BuiltProjects"/> with a temporary folder and a results folder of its own, so that what it leaves behind can be told.</summary>
public sealed class Trial : IDisposable
{
    /// <summary>A killed or interrupted run has to be gone by then.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private bool _kept = true;

    public Trial()
    {
        // Short: a path of a pipe has at most 108 characters.
        Folder = Directory.CreateDirectory(Path.Combine(Packages.Root, "t-" + Guid.NewGuid().ToString("N")[..8])).FullName;
        Temporary = Directory.CreateDirectory(Path.Combine(Folder, "tmp")).FullName;
        Environment["TMPDIR"] = Temporary;
        Environment["SyncStorageDirectory"] = Path.Combine(Folder, "results");
        Environment["MARK"] = Path.Combine(Folder, "mark");
        Environment["GO"] = Path.Combine(Folder, "go");
    }

    public string Folder { get; }

    public string Temporary { get; }

    public Dictionary<string, string?> Environment { get; } = [];

    /// <summary>Who calls `dotnet test`; null = whoever runs these tests.</summary>
    public OtherAccount? Account { get; set; }

    public string Results => Path.Combine(Folder, "results");

    public IReadOnlyList<Report> Reports => Directory.Exists(Results) ? Directory.EnumerateFiles(Results, "report.json", SearchOption.AllDirectories).Order().Select(Fixture.Report.Read).ToList() : [];

    public Report Report => Reports.Count == 1 ? Reports[0] : throw new AssertFailedException($"{Reports.Count} reports below {Results}");

    public IReadOnlyList<int> Servers => Processes.ServersOf(Folder);

    /// <summary>The folder in which the processes of the one `dotnet test` that runs now meet.</summary>
    public string Session => Directory.GetDirectories(Directory.GetDirectories(Temporary, "SyncStorage-*").Single()).Single();

    /// <summary>Publishes into a run of the stand-in's.</summary>
    public TestRun Publish(TestItServer testIt, string? token = null)
    {
        TestRun run = testIt.AddRun();
        Environment["TMS_URL"] = testIt.Url;
        Environment["TMS_PRIVATE_TOKEN"] = token ?? new TestItOptions().Token;
        Environment["TMS_PROJECT_ID"] = new TestItOptions().ProjectId;
        Environment["TMS_CONFIGURATION_ID"] = new TestItOptions().ConfigurationId;
        Environment["TMS_ADAPTER_MODE"] = "1";
        Environment["TMS_TEST_RUN_ID"] = run.Id;
        return run;
    }

    public async Task<Command> StartAsync(Kind kind, params string[] more)
    {
        string projects = await BuiltProjects.FolderAsync();
        Environment["ACT"] = kind.Act;
        string[] arguments = ["test", kind.Target, "--no-build", "--results-directory", Path.Combine(Folder, "vstest"), .. kind.Arguments, .. more];
        return Account is null ? Command.Start(projects, arguments, Environment) : Account.Start(projects, arguments, Environment);
    }

    /// <summary>Where the server listens and what it asks for, as the processes of the session learn it.</summary>
    public (string Url, string Secret) ReadServer()
    {
        using var server = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Session, "server.json")));
        return (server.RootElement.GetProperty("url").GetString()!, server.RootElement.GetProperty("secret").GetString()!);
    }

    public Task<TimedResult> RunAsync(Kind kind, params string[] more) => RunAsync(kind, null, more);

    /// <param name="kind">What runs.</param>
    /// <param name="during">Done while the test of a <see cref="Kind.Waiting"/> waits; then it goes on.</param>
    /// <param name="more">More arguments.</param>
    /// <returns>The time that was spent in <paramref name="during"/> does not count.</returns>
    public async Task<TimedResult> RunAsync(Kind kind, Func<Task>? during, params string[] more)
    {
        await BuiltProjects.FolderAsync();
        var clock = Stopwatch.StartNew();
        using Command command = await StartAsync(kind, more);
        if (during is not null)
        {
            await UntilWaitingAsync(command);
            clock.Stop();
            await during();
            clock.Start();
            Go();
        }

        CommandResult result = await command.WaitAsync();
        return new TimedResult(result.ExitCode, result.Output, clock.Elapsed);
    }

    /// <summary>Until the test of a <see cref="Kind.Waiting"/> waits, or those of several projects do.</summary>
    public Task UntilWaitingAsync(Command command, int tests = 1)
        => Wait.UntilAsync(() => Directory.GetFiles(Folder, Path.GetFileName(Environment["MARK"]) + "*").Length >= tests, TimeSpan.FromSeconds(90), () => command.Output);

    /// <summary>Lets the waiting test pass.</summary>
    public void Go() => File.WriteAllText(Environment["GO"]!, "");

    /// <summary>Every result has exactly one fate, and the report is final.</summary>
    /// <param name="ran">How many results VSTest handed to loggers; null when only the sums can be checked.</param>
    public Report AssertAccounted(int? ran, string output)
    {
        Report report = Report;
        Assert.AreNotEqual("running", report.State, output);
        Assert.AreEqual(report.Results.Observed, report.Results.Sent + report.Results.Spooled + report.Results.Rejected, "observed = sent + spooled + rejected: " + output);
        Assert.AreEqual(report.Results.Observed, report.Lines.Count, "lines of results.jsonl: " + output);
        Assert.AreEqual(report.Results.Observed, report.Results.Outcomes.Passed + report.Results.Outcomes.Failed + report.Results.Outcomes.Skipped, "outcomes");
        Assert.HasCount(report.Lines.Count, report.Lines.Select(line => (line.Worker, line.FullyQualifiedName, line.DisplayName)).Distinct().ToList(), "a line twice");
        Assert.AreEqual(ran ?? report.Results.Observed, report.Results.Observed, output);
        return report;
    }

    /// <summary>Nothing counts as sent that Test IT has not got, and nothing is there twice.</summary>
    /// <param name="testIt">Which has it.</param>
    /// <param name="run">Where.</param>
    /// <param name="reachable">
    /// False: a held-back result may have stayed in progress, because nobody could finalize it any more, or none was held back and
    /// Test IT closed the run, because the Sync Storage whose matter that is was away.
    /// </param>
    public void AssertSentOnce(TestItServer testIt, TestRun run, bool reachable)
    {
        IEnumerable<string> problems = testIt.Check(run);
        Assert.AreEqual("", string.Join('\n', reachable ? problems : problems.Where(problem => !problem.EndsWith("is still InProgress", StringComparison.Ordinal) && !problem.StartsWith("late result", StringComparison.Ordinal))));
        Assert.HasCount(run.Rows.Count, run.Rows.Select(row => row.Key).Distinct().ToList());
        Assert.IsLessThanOrEqualTo(run.Rows.Count(row => !row.IsInProgress), Report.Results.Sent, "counted as sent, but not in Test IT");
    }

    /// <summary>No server, no port, no file of ours in the temporary folder. At once after a normal end, soon after a kill.</summary>
    public async Task AssertNothingLeftAsync(bool killed = false)
    {
        TimeSpan patience = killed ? Patience : TimeSpan.FromSeconds(2);
        await Wait.UntilAsync(() => Servers.Count == 0, patience, () => "a server is left");
        foreach (int port in Reports.SelectMany(report => Regex.Matches(report.Log, @"listens on http://127\.0\.0\.1:(\d+)")).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)))
        {
            Assert.IsFalse(Ports.IsListening(port), $"port {port} still listens");
        }

        Assert.AreEqual("", string.Join('\n', Leftovers()));
    }

    /// <summary>Files and sessions of ours in the temporary folder; its one root folder a user stays.</summary>
    public IReadOnlyList<string> Leftovers()
        => Directory.EnumerateFileSystemEntries(Temporary, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetRelativePath(Temporary, path).Contains("SyncStorage", StringComparison.OrdinalIgnoreCase) && Path.GetDirectoryName(path) != Temporary)
            .ToList();

    public void Passed() => _kept = false;

    public void Dispose()
    {
        // What a failed trial left, and test hosts whose `dotnet test` was killed.
        foreach (int pid in Processes.WithEnvironment("TMPDIR=" + Temporary))
        {
            Processes.Kill(pid);
        }

        if (_kept)
        {
            UserFolder.KeepAll();
        }
        else
        {
            Folders.Remove(Folder);
        }
    }
}

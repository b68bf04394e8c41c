using System.Globalization;
using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>What must be in Test IT after a fault.</summary>
public enum Sent
{
    Nothing,
    Everything,
    Some,

    /// <summary>With one project everything. With several, nothing holds the run open, and what comes after Test IT has closed it is spooled.</summary>
    WhatCameInTime,

    /// <summary>There was never a server that could have reported: the results wait in the mail. Or it had no place for a report.</summary>
    Unreported,
}

/// <param name="Name">Stands in the name of the test case.</param>
/// <param name="Arrange">Brings the fault about, from outside.</param>
/// <param name="Sent">What must be in Test IT all the same.</param>
/// <param name="During">What happens while a test runs; null when the fault is there from the start.</param>
/// <param name="Kinds">Which tests run; by default those that pass: they are the ones whose exit code could change.</param>
public sealed record Fault(string Name, Action<Stage> Arrange, Sent Sent = Sent.Nothing, Func<Stage, Task>? During = null, params Kind[] Kinds)
{
    private static readonly Kind[] Often = [Kind.Passing, Kind.Mixed];

    public static readonly Fault[] All =
    [
        new("none", _ => { }, Sent.Everything, null, Kind.Passing, Kind.Failing, Kind.Mixed, Kind.Crashing, Kind.Hanging),

        new("Test IT is down", stage => stage.Trial.Environment["TMS_URL"] = $"http://127.0.0.1:{Ports.Free()}", Kinds: Often),
        new("Test IT never answers", stage => stage.TestIt.Faults.BlackHole = true, Kinds: [Kind.Passing, Kind.Crashing]),
        new("Test IT takes 10 s an answer", stage => stage.TestIt.Faults.Latency = TimeSpan.FromSeconds(10)),
        new("Test IT takes 1 s an answer", stage => stage.TestIt.Faults.Latency = TimeSpan.FromSeconds(1), Sent.Some),
        new("Test IT answers 400 to results", stage => RefuseResults(stage, 400), Sent.Some),
        new("Test IT answers 401", stage => stage.TestIt.Faults.AnswerStatus(401, int.MaxValue), Kinds: Often),
        new("Test IT answers 403", stage => stage.TestIt.Faults.AnswerStatus(403, int.MaxValue)),
        new("Test IT answers 404", stage => stage.TestIt.Faults.AnswerStatus(404, int.MaxValue)),
        new("Test IT answers 500", stage => stage.TestIt.Faults.AnswerStatus(500, int.MaxValue)),
        new("Test IT answers 429", stage => stage.TestIt.Faults.AnswerTooManyRequests(int.MaxValue)),
        new("Test IT answers 429 twice", stage => stage.TestIt.Faults.AnswerTooManyRequests(2), Sent.Everything),
        new("Test IT cuts every connection", stage => stage.TestIt.Faults.Down = true),
        new("Test IT cuts connections after it has stored the results", stage => CutAfterResults(stage, 2), Sent.Everything),
        new("Test IT answers 502 after it has stored the results", stage => FailAfterResults(stage, 2), Sent.Everything),
        new("Test IT answers garbage", stage => stage.TestIt.Faults.Garbage = true),
        new("Test IT answers a web page", stage => stage.TestIt.Faults.Html = true),
        new("Test IT falls silent during the run", _ => { }, Sent.Some, OnceHeld(stage => stage.TestIt.Faults.BlackHole = true), Kind.Waiting),

        new("SyncStorageUrl: nobody listens", stage => Url(stage, $"http://127.0.0.1:{Ports.Free()}"), Sent.WhatCameInTime, Kinds: Often),
        new("SyncStorageUrl: never answers", stage => Url(stage, stage.With(new SilentListener()).Url), Sent.WhatCameInTime, Kinds: Often),
        new("SyncStorageUrl: hangs up", stage => Url(stage, stage.With(new SilentListener("")).Url), Sent.Everything),
        new("SyncStorageUrl: speaks no HTTP", stage => Url(stage, stage.With(new SilentListener("SSH-2.0-OpenSSH_9.6\r\n")).Url), Sent.Everything),
        new("SyncStorageUrl: answers a web page", stage => Url(stage, stage.With(new SilentListener(SilentListener.Http("text/html", "<html>Sign in</html>"))).Url), Sent.Everything),
        new("SyncStorageUrl: answers other JSON", stage => Url(stage, stage.With(new SilentListener(SilentListener.Http("application/json", """[{"is_master":"maybe"}]"""))).Url), Sent.Everything),
        new("SyncStoragePort: a program that never answers", stage => Port(stage, stage.With(new SilentListener()).Port), Sent.Everything),
        new("SyncStoragePort: a program that speaks no HTTP", stage => Port(stage, stage.With(new SilentListener("SSH-2.0-OpenSSH_9.6\r\n")).Port), Sent.Everything),

        new("the server is not there", stage => stage.UsePackage(package => File.Delete(ServerIn(package))), Sent.Unreported),
        new("the server cannot start", stage => stage.UsePackage(package => File.WriteAllText(ServerIn(package), "this is no program")), Sent.Unreported, Kinds: Often),
        new("SyncStorageDirectory is a file", stage => stage.Trial.Environment["SyncStorageDirectory"] = Make(Path.Combine(stage.Trial.Folder, "file")), Sent.Unreported),
        new("the server is killed", _ => { }, Sent.Everything, stage => SignalServer(stage, "KILL"), Kind.Waiting, Kind.ThreeWaiting),
        new("the server is terminated", _ => { }, Sent.Some, stage => SignalServer(stage, "TERM"), Kind.Waiting),
        new("the server hangs", _ => { }, Sent.Everything, stage => SignalServer(stage, "STOP"), Kind.Waiting, Kind.ThreeWaiting),
    ];

    public override string ToString() => Name;

    private static void CutAfterResults(Stage stage, int times)
    {
        stage.TestIt.Faults.Applies = IsPostOfResults;
        stage.TestIt.Faults.CutAfterCommit(times);
    }

    private static void FailAfterResults(Stage stage, int times)
    {
        stage.TestIt.Faults.Applies = IsPostOfResults;
        stage.TestIt.Faults.FailAfterCommit(times);
    }

    private static void RefuseResults(Stage stage, int status)
    {
        stage.TestIt.Faults.Applies = IsPostOfResults;
        stage.TestIt.Faults.AnswerStatus(status, int.MaxValue);
    }

    private static bool IsPostOfResults(string method, string path) => method == "POST" && path.EndsWith("/testResults", StringComparison.Ordinal);

    private static void Url(Stage stage, string url) => stage.Trial.Environment["SyncStorageUrl"] = url;

    private static void Port(Stage stage, int port) => stage.Arguments.Add($"-p:SyncStoragePort={port}");

    private static string ServerIn(string package) => Path.Combine(package, "server", "SyncStorage.Server.dll");

    private static string Make(string file)
    {
        File.WriteAllText(file, "");
        return file;
    }

    private static Task SignalServer(Stage stage, string signal)
    {
        Processes.Signal(stage.Trial.Servers.Single(), signal);
        return Task.CompletedTask;
    }

    private static Func<Stage, Task> OnceHeld(Action<Stage> then) => async stage =>
    {
        await Wait.UntilAsync(() => stage.Run.Rows.Count > 0, TimeSpan.FromSeconds(30), () => "nothing was sent");
        then(stage);
    };
}

[TestClass]
public sealed class Any_fault
{
    public TestContext TestContext { get; set; } = null!;

    public static IEnumerable<object[]> Cases
        => Fault.All.SelectMany(fault => (fault.Kinds.Length == 0 ? [Kind.Passing] : fault.Kinds).Select(kind => new object[] { fault.Name, kind.Name }));

    [TestMethod]
    [DynamicData(nameof(Cases))]
    [TestCategory(Promise.SameExitCode)]
    [TestCategory(Promise.BoundedTime)]
    [TestCategory(Promise.NothingLost)]
    [TestCategory(Promise.NothingLeft)]
    [TestCategory(Promise.Secrets)]
    public async Task Changes_no_exit_code_takes_bounded_time_loses_nothing_leaves_nothing_and_tells_no_secret(string faultName, string kindName)
    {
        Fault fault = Fault.All.Single(fault => fault.Name == faultName);
        Kind kind = fault.Kinds.Append(Kind.Passing).First(kind => kind.Name == kindName);
        TimedResult off = await BuiltProjects.BaselineOf(kind);
        await using Stage stage = await Stage.SetAsync();
        Trial trial = stage.Trial;
        fault.Arrange(stage);

        TimedResult on = await trial.RunAsync(kind, fault.During is null ? null : () => fault.During(stage), [.. stage.Arguments]);

        Assert.AreEqual(off.ExitCode, on.ExitCode, on.Output);
        TestContext.WriteLine(string.Create(CultureInfo.InvariantCulture, $"longer: {(on.Took - off.Took).TotalSeconds:0.0} s ({fault}, {kind})"));
        // Far from tight, for loaded machines: an unbounded product waits for minutes, or for ever.
        Assert.IsLessThan((off.Took * 3) + TimeSpan.FromSeconds(Stage.CompletionTimeout + 20), on.Took, on.Output);
        await trial.AssertNothingLeftAsync();
        stage.AssertSecret(on.Output);
        if (fault.Sent == Sent.Unreported)
        {
            await AssertReportedByTheNextRunAsync(stage, kind, on);
            trial.Passed();
            return;
        }

        Report report = trial.AssertAccounted(kind.Ran, on.Output);
        trial.AssertSentOnce(stage.TestIt, stage.Run, reachable: fault.Sent == Sent.Everything);
        switch (fault.Sent)
        {
            case Sent.Everything:
                Assert.AreEqual(report.Results.Observed, report.Results.Sent, on.Output);
                Assert.AreEqual(report.Results.Observed, stage.Run.Rows.Count, on.Output);
                break;
            case Sent.WhatCameInTime:
                Assert.AreEqual(0, report.Results.Rejected, on.Output);
                Assert.IsGreaterThan(0, report.Results.Sent, on.Output);
                break;
            case Sent.Nothing:
                Assert.AreEqual(0, report.Results.Sent, on.Output);
                Assert.IsEmpty(stage.Run.Rows);
                break;
        }

        trial.Passed();
    }

    /// <summary>Without a server nobody writes a report; what the logger put by is taken in by the next run's server.</summary>
    private static async Task AssertReportedByTheNextRunAsync(Stage stage, Kind kind, TimedResult on)
    {
        Assert.IsEmpty(stage.Trial.Reports);
        StringAssert.Contains(on.Output, "SYNC00");
        if (!Directory.Exists(stage.Trial.Results))
        {
            // No place for a report: that is what was warned of. Test IT has everything all the same.
            Assert.AreEqual((kind.Ran, 0), (stage.Run.Rows.Count, stage.Run.Rows.Count(row => row.IsInProgress)), on.Output);
            Assert.AreEqual("", string.Join('\n', stage.TestIt.Check(stage.Run)));
            return;
        }

        Assert.IsEmpty(stage.Run.Rows);

        stage.Trial.Environment.Remove("SyncStoragePackageRoot");
        stage.Trial.Environment["TMS_TEST_RUN_ID"] = stage.TestIt.AddRun().Id;
        await stage.Trial.RunAsync(Kind.Passing);
        if (!stage.Trial.Reports.Any(report => report.TestRunId == stage.Run.Id))
        {
            // Not even collector and logger took part, which they were told in the build.
            StringAssert.Contains(on.Output, "SYNC0003");
            return;
        }

        Report left = stage.Trial.Reports.Single(report => report.TestRunId == stage.Run.Id);
        Assert.AreEqual("interrupted", left.State);
        Assert.AreEqual(kind.Ran, left.Results.Observed);
        Assert.AreEqual(kind.Ran, left.Results.Sent + left.Results.Spooled);
    }
}

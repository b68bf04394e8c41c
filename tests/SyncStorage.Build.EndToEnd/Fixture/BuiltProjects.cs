using System.Collections.Concurrent;
using System.Diagnostics;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>What is tested, and how its tests behave.</summary>
/// <param name="Name">Stands in the name of the test case.</param>
/// <param name="Target">A project or the solution, below <see cref="BuiltProjects"/>.</param>
/// <param name="Ran">Results that VSTest hands to loggers; null when a broken test host makes that a matter of luck.</param>
/// <param name="Act">What the test Acts does: (nothing), fail, crash, hang, wait; "Beta:fail" means the one in project Beta only.</param>
/// <param name="Arguments">More arguments of <c>dotnet test</c>.</param>
public sealed record Kind(string Name, string Target, int? Ran, string Act = "", params string[] Arguments)
{
    public static readonly Kind Passing = new("passing", "Alpha", 5);
    public static readonly Kind Beta = new("passing, another project", "Beta", 5);
    public static readonly Kind Failing = new("failing", "Alpha", 5, "fail");
    public static readonly Kind ThreePassing = new("three projects", "All.slnx", 15);
    public static readonly Kind Mixed = new("three projects, one failing", "All.slnx", 15, "Beta:fail");
    public static readonly Kind Crashing = new("crashing test host", "Alpha", null, "crash");
    public static readonly Kind Hanging = new("hanging test", "Alpha", null, "hang", "--blame-hang", "--blame-hang-timeout", "5s", "--blame-hang-dump-type", "none");

    /// <summary>Passes once it is told to go on: time for a fault in the middle.</summary>
    public static readonly Kind Waiting = new("passing, with a pause", "Alpha", 5, "wait");

    public static readonly Kind ThreeWaiting = new("three projects, with a pause", "All.slnx", 15, "Alpha:wait");

    /// <summary>Three workers at once, whatever the machine has of processors.</summary>
    public static readonly Kind AllWaiting = new("three projects, all with a pause", "All.slnx", 15, "wait", "-m:3");

    public override string ToString() => Name;
}

/// <summary>Three projects of five tests each, built once for all trials: a trial costs what `dotnet test --no-build` does.</summary>
public static class BuiltProjects
{
    private static readonly Lazy<Task<string>> Building = new(BuildAsync);
    private static readonly ConcurrentDictionary<Kind, Task<TimedResult>> Baselines = new();

    public static Task<string> FolderAsync() => Building.Value;

    /// <summary>The same run with the package switched off.</summary>
    public static Task<TimedResult> BaselineOf(Kind kind) => Baselines.GetOrAdd(kind, MeasureAsync);

    private static async Task<TimedResult> MeasureAsync(Kind kind)
    {
        using var trial = new Trial();
        trial.Go();
        TimedResult off = await trial.RunAsync(kind, "-p:SyncStorageEnabled=false");
        Assert.IsEmpty(trial.Reports, "switched off");
        trial.Passed();
        return off;
    }

    private static async Task<string> BuildAsync()
    {
        var folder = new UserFolder("built");
        foreach (string name in (string[])["Alpha", "Beta", "Gamma"])
        {
            folder.WithMSTest(name, """
                [TestMethod] public void Acts()
                {
                    string act = Environment.GetEnvironmentVariable("ACT") ?? "";
                    int colon = act.IndexOf(':');
                    if (colon >= 0 && act.Substring(0, colon) != GetType().Namespace) return;
                    switch (act.Substring(colon + 1))
                    {
                        case "fail": Assert.Fail("as told"); break;
                        case "crash": Environment.FailFast("as told"); break;
                        case "hang": Thread.Sleep(120000); break;
                        case "wait":
                            System.IO.File.WriteAllText(Environment.GetEnvironmentVariable("MARK") + "-" + GetType().Namespace, "");
                            for (int i = 0; i < 1200 && !System.IO.File.Exists(Environment.GetEnvironmentVariable("GO")); i++) Thread.Sleep(50);
                            break;
                    }
                }
                [TestMethod] public void Last() {}
                """);
        }

        folder.WithSolution();
        CommandResult built = await folder.DotnetAsync("build", "All.slnx", "-v", "q");
        Assert.AreEqual(0, built.ExitCode, built.Output);
        return folder.Path;
    }
}

public sealed record TimedResult(int ExitCode, string Output, TimeSpan Took);

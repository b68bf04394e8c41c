using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A trial with a Test IT and whatever else a fault needs around it.</summary>
public sealed class Stage : IAsyncDisposable
{
    /// <summary>Seconds; small, because many faults cost all of it.</summary>
    public const int CompletionTimeout = 6;

    private readonly List<IDisposable> _others = [];

    private Stage(TestItServer testIt, Canary canary)
    {
        TestIt = testIt;
        Canary = canary;
        Run = Trial.Publish(testIt, canary.Token);
        Trial.Environment["SyncStorageCompletionTimeout"] = CompletionTimeout.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    public Trial Trial { get; } = new();

    public TestItServer TestIt { get; }

    public TestRun Run { get; }

    /// <summary>Test IT's token.</summary>
    public Canary Canary { get; }

    /// <summary>More arguments of `dotnet test`.</summary>
    public List<string> Arguments { get; } = [];

    public static async Task<Stage> SetAsync()
    {
        var canary = new Canary();
        return new Stage(await TestItServer.StartAsync(new TestItOptions { Token = canary.Token }), canary);
    }

    /// <summary>One master, one result held back and made final, one end of the run in Test IT; and all results are there.</summary>
    public Report AssertOneOfEach(int? ran, string output)
    {
        Report report = Trial.AssertAccounted(ran, output);
        Assert.AreEqual("completed", report.State, output);
        Assert.AreEqual(1, report.Workers.Count(worker => worker.IsMaster), "masters: " + output);
        Assert.IsTrue(report.InProgress is { Finalized: true }, "the held result is final: " + output);
        Assert.AreEqual(1, Run.HeldPosts, "results held back in Test IT: " + output);
        Trial.AssertSentOnce(TestIt, Run, reachable: true);
        Assert.AreEqual(report.Results.Observed, report.Results.Sent, output);
        Assert.AreEqual(report.Results.Observed, Run.Rows.Count, output);
        Assert.AreEqual("Completed", Run.State, output);
        return report;
    }

    /// <summary>The token is in no file, no argument list and no output.</summary>
    public void AssertSecret(string output)
    {
        Assert.AreEqual("", string.Join('\n', Canary.FilesIn(Trial.Folder)));
        Assert.AreEqual("", string.Join('\n', Canary.Seen));
        Assert.IsFalse(output.Contains(Canary.Token, StringComparison.Ordinal), "in the output");
    }

    /// <summary>Lets the program live for as long as the stage.</summary>
    public T With<T>(T other)
        where T : IDisposable
    {
        _others.Add(other);
        return other;
    }

    /// <summary>Runs with this package instead of the one that was restored.</summary>
    public void UsePackage(Action<string> damage)
    {
        string copy = Path.Combine(Trial.Folder, "package");
        foreach (string file in Directory.GetFiles(Packages.Unpacked, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) != ".nupkg"))
        {
            string target = Path.Combine(copy, Path.GetRelativePath(Packages.Unpacked, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        damage(copy);
        Trial.Environment["SyncStoragePackageRoot"] = copy + "/";
    }

    public async ValueTask DisposeAsync()
    {
        Trial.Dispose();
        _others.ForEach(other => other.Dispose());
        await TestIt.DisposeAsync();
        await Canary.DisposeAsync();
    }
}

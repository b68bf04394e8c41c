using System.Text.Json;

namespace SyncStorage.Client.EndToEnd;

/// <summary>Workers with a real server in a folder and on a port of their own. In the end no server is left.</summary>
public abstract class EmbeddedScenario
{
    private readonly List<SyncStorageRunner> _runners = [];

    public TestContext TestContext { get; set; } = null!;

    internal RecordingLog Log { get; } = new();
    internal string Folder { get; } = Directory.CreateTempSubdirectory("SyncStorage.Client-").FullName;
    internal int Port { get; } = Ports.Free();
    internal string RunId { get; } = Guid.NewGuid().ToString();

    [TestCleanup]
    public async Task StopEverything()
    {
        foreach (SyncStorageRunner runner in _runners)
        {
            await runner.DisposeAsync();
        }

        await Wait.UntilAsync(() => !Processes.AnyServerOf(Folder), TimeSpan.FromSeconds(15), () => "A server is left. " + Log.All);
        if (TestContext.CurrentTestOutcome == UnitTestOutcome.Passed)
        {
            Folders.Remove(Folder);
        }
    }

    internal SyncStorageRunner Worker(Action<SyncStorageOptions>? change = null, string? testRunId = null, int? port = null)
        => Worker(new SyncStorageConfig(testRunId ?? RunId, port ?? Port), change);

    internal SyncStorageRunner Worker(SyncStorageConfig config, Action<SyncStorageOptions>? change = null)
    {
        var options = new SyncStorageOptions { Log = Log.Add, Directory = Folder };
        change?.Invoke(options);
        var runner = new SyncStorageRunner(config, options);
        _runners.Add(runner);
        return runner;
    }

    internal async Task<SyncStorageRunner> StartedWorker(Action<SyncStorageOptions>? change = null, string? testRunId = null, int? port = null)
    {
        SyncStorageRunner runner = Worker(change, testRunId, port);
        Assert.IsTrue(await runner.StartAsync(), Log.All);
        return runner;
    }

    internal JsonElement Report(string? testRunId = null)
    {
        using JsonDocument report = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, testRunId ?? RunId, "report.json")));
        return report.RootElement.Clone();
    }
}

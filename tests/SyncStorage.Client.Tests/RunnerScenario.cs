namespace SyncStorage.Client.Tests;

/// <summary>Workers of one run at one stand-in; everything ends with the test.</summary>
public abstract class RunnerScenario
{
    private readonly List<IAsyncDisposable> _open = [];

    internal RecordingLog Log { get; } = new();
    internal OfficialStandIn Service { get; private set; } = null!;

    [TestInitialize]
    public async Task StartService() => Service = await OfficialStandIn.StartAsync();

    [TestCleanup]
    public async Task StopEverything()
    {
        Service.Misbehave = null;
        foreach (IAsyncDisposable open in _open)
        {
            await open.DisposeAsync();
        }

        await Service.DisposeAsync();
    }

    internal SyncStorageRunner Worker(Action<SyncStorageOptions>? change = null, string testRunId = "run", string? baseUrl = null, string? token = null)
    {
        var options = new SyncStorageOptions { Log = Log.Add };
        change?.Invoke(options);
        var runner = new SyncStorageRunner(new SyncStorageConfig(testRunId, Service.Port, baseUrl, token), options);
        _open.Add(runner);
        return runner;
    }

    internal async Task<SyncStorageRunner> StartedWorker(Action<SyncStorageOptions>? change = null, string testRunId = "run")
    {
        SyncStorageRunner runner = Worker(change, testRunId);
        Assert.IsTrue(await runner.StartAsync(), Log.All);
        return runner;
    }

    internal static SyncStorageTestResult Result(string id = "test 1", string outcome = "Passed") => new(id, outcome)
    {
        ConfigurationId = "0b5a4d43-2f0d-4b5e-8a53-4d8c8a6f0d11",
        ProjectId = "6c1c2b0a-5a0e-4a7e-9c61-6f3c7c2b1a22",
        StartedOn = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.FromHours(3)),
        CompletedOn = new DateTimeOffset(2026, 11, 22, 12, 0, 5, TimeSpan.FromHours(3)),
        Duration = 5000,
    };

    /// <summary>Waits for something that a background loop does; fails after ten seconds.</summary>
    internal static async Task Until(Func<bool> condition)
    {
        for (int i = 0; !condition(); i++)
        {
            Assert.IsLessThan(1000, i, "Did not happen within 10 s.");
            await Task.Delay(10);
        }
    }
}

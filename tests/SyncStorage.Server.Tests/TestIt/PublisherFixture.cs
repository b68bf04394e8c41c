using System.Diagnostics;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.TestIt;

/// <summary>A publisher with short delays in front of a stand-in, and the run that they share.</summary>
internal sealed class PublisherFixture : IAsyncDisposable
{
    public const string Token = "canary-token-4711";

    public static readonly TestItTiming Quick = new()
    {
        Attempt = TimeSpan.FromSeconds(5),
        FirstDelay = TimeSpan.FromMilliseconds(10),
        LongestDelay = TimeSpan.FromMilliseconds(50),
        Break = TimeSpan.FromMilliseconds(500),
        LongestBreak = TimeSpan.FromMilliseconds(500),
        Collect = TimeSpan.FromMilliseconds(100),
        LongestCollect = TimeSpan.FromMilliseconds(200),
    };

    private PublisherFixture(TestItServer testIt, RunSettings settings)
    {
        TestIt = testIt;
        Settings = settings;
    }

    public TestItServer TestIt { get; }
    public RunSettings Settings { get; private set; }
    public FakeDeliveryLog Log { get; init; } = new();
    public TestItPublisher Publisher { get; private set; } = null!;

    /// <summary>The run that a user made, or the one that was created.</summary>
    public TestItStandIn.TestRun Run => TestIt.Runs[0];

    public static async Task<PublisherFixture> StartAsync(
        TestItOptions? options = null, Func<RunSettings, RunSettings>? settings = null, int mode = 1, Action<TestItServer>? prepare = null, TestItTiming? timing = null, FakeDeliveryLog? log = null, bool open = true)
    {
        options = (options ?? new TestItOptions()) with { Token = Token };
        TestItServer testIt = await TestItServer.StartAsync(options);
        string runId = Guid.NewGuid().ToString();
        if (mode != 2)
        {
            testIt.AddRun(runId);
        }

        prepare?.Invoke(testIt);
        var run = new RunSettings
        {
            TestRunId = runId,
            Publish = true,
            Url = testIt.Url,
            ProjectId = options.ProjectId,
            ConfigurationId = options.ConfigurationId,
            AdapterMode = mode,
        };
        var fixture = new PublisherFixture(testIt, settings?.Invoke(run) ?? run) { Log = log ?? new FakeDeliveryLog() };
        if (open)
        {
            fixture.Open(timing);
        }

        return fixture;
    }

    public void Open(TestItTiming? timing = null, string? knownTestRunId = null, string? token = null, TimeProvider? time = null)
        => Publisher = new TestItPublisher(Settings, token ?? Token, Log, time ?? TimeProvider.System, knownTestRunId, timing ?? Quick);

    public static ObservedResult Result(string method, string outcome = "Passed", string? displayName = null, string type = "N.C") => new()
    {
        TestCaseId = $"{type}.{method}/{displayName}",
        FullyQualifiedName = $"{type}.{method}",
        DisplayName = displayName ?? method,
        TestCaseDisplayName = displayName ?? method,
        ManagedType = type,
        ManagedMethod = method,
        ExecutorUri = "executor://mstestadapter/v2",
        Outcome = outcome,
        StartedOn = DateTimeOffset.UtcNow,
        CompletedOn = DateTimeOffset.UtcNow.AddMilliseconds(7),
        DurationMs = 7,
        Message = outcome == "Failed" ? "it failed" : null,
        Trace = outcome == "Failed" ? "at N.C" : null,
    };

    public StoredResult Publish(ObservedResult result, bool held = false, string targetFramework = "net10.0", bool unclear = false, string worker = "worker-1")
    {
        var stored = new StoredResult(Log.Add(result), worker, targetFramework, unclear);
        Publisher.Publish(stored, held);
        return stored;
    }

    public static TestResultCut Cut(ObservedResult result) => new()
    {
        AutoTestExternalId = TestIdentity.Of(result, "Official").ExternalId,
        StatusType = result.Outcome == "Passed" ? "Succeeded" : "Failed",
        StatusCode = result.Outcome,
    };

    public async Task<bool> CompleteAsync(ObservedResult? held = null, double seconds = 30)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        return await Publisher.CompleteAsync(held is null ? null : Cut(held), deadline.Token);
    }

    /// <summary>Waits for something that another thread brings about; fails after a while.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.IsLessThan(20_000, waited.ElapsedMilliseconds, "waited in vain for: " + what);
            await Task.Delay(5);
        }
    }

    /// <summary>Which result stands in which row, by the tests' names: "Name {parameters}: Status".</summary>
    public void AssertRows(params string[] expected)
    {
        AssertNoViolation();
        Assert.AreEqual(string.Join('\n', expected.Order(StringComparer.Ordinal)), TestIt.RowsOf(Run), NoticesText);
    }

    public void AssertNoViolation()
    {
        IReadOnlyList<string> problems = TestIt.Check(Run);
        Assert.IsEmpty(problems, string.Join("\n", problems.Take(10)) + "\n" + NoticesText);
    }

    /// <summary>Planned rows of one autotest may be equal to each other: they are the plan's, not ours.</summary>
    public void AssertNoViolationButEqualRows(int planned)
        => Assert.IsEmpty(TestIt.Check(Run).Where(problem => planned < 2 || !problem.StartsWith($"{planned} rows for", StringComparison.Ordinal)), NoticesText);

    public string NoticesText => string.Join("\n", Log.Notices.Select(notice => $"{notice.Code}: {notice.Message}"));

    public async ValueTask DisposeAsync()
    {
        if (Publisher is not null)
        {
            await Publisher.DisposeAsync();
        }

        await TestIt.DisposeAsync();
        // No word of ours may hold the token, whatever happened.
        Assert.DoesNotContain(Token, NoticesText);
    }
}

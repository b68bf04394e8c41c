using HomeMade;
using SyncStorage;

// Port, address and token of Test IT: from TMS_* variables or Tms.config.json, unless they are given here.
SyncStorageConfig config = SyncStorageConfig.FromAppProperties(new Dictionary<string, string>
{
    ["testrunid"] = args.Length > 0 ? args[0] : "home-made",
});

await using var adapter = new TinyAdapter(Console.Out);
adapter.Initialize(config);

// Joins the Sync Storage on the port or starts one. False: the tests run as ever, and the log says why.
await adapter.StartAsync();

await TinyFramework.RunAsync(typeof(CalculatorTests), async test =>
{
    await adapter.OnTestCaseCompletedAsync(new SyncStorageTestResult(test.Name, test.Outcome)
    {
        StartedOn = test.StartedOn,
        CompletedOn = test.CompletedOn,
        Duration = (long)(test.CompletedOn - test.StartedOn).TotalMilliseconds,
        Fields = { ["message"] = test.Message },
    });
});
adapter.FinalizeTestHandling();

// The last worker of the run waits until the held-back result has its final status and the server has ended.
await adapter.StopAsync();

/// <summary>The adapter has to say only how a result is written: here to the console, in earnest to Test IT.</summary>
internal sealed class TinyAdapter(TextWriter report)
    : SyncStorageAdapter(new SyncStorageOptions { Log = (level, message) => Console.Error.WriteLine($"{level}: {message}") })
{
    protected override Task WriteResultAsync(SyncStorageTestResult result, bool inProgress, CancellationToken cancellationToken)
        => report.WriteLineAsync($"{(inProgress ? "InProgress" : result.StatusType)} {result.AutoTestExternalId}");
}

using System.Globalization;
using TestItStandIn;

// The stand-in as a process of its own, for long runs by hand:
//   dotnet run --project tests/TestItStandIn -- --port 5080 [--token T] [--run GUID] [--latency MS] [--error-rate 0.1] [--adapters] [--no-auto-close] [--never-merge]
//     [--outage SECONDS --outage-after ROWS]   once so many rows are there: answers are cut after the commit, then nobody is there for so long
// On Ctrl+C or SIGTERM it prints what it saw; the exit code is 1 when there was a violation.
string? Option(string name)
{
    int at = Array.IndexOf(args, "--" + name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}

var options = new TestItOptions
{
    Port = int.Parse(Option("port") ?? "0", CultureInfo.InvariantCulture),
    Token = Option("token") ?? "standin-token",
    Flavour = args.Contains("--adapters") ? Flavour.Adapters : Flavour.V2,
    AutoClose = !args.Contains("--no-auto-close"),
    MergeRule = args.Contains("--never-merge") ? MergeRule.Never : MergeRule.EqualOrEmpty,
    Latency = TimeSpan.FromMilliseconds(int.Parse(Option("latency") ?? "0", CultureInfo.InvariantCulture)),
    RecordBodies = false,
};

await using TestItServer server = await TestItServer.StartAsync(options).ConfigureAwait(false);
server.Faults.ErrorRate = double.Parse(Option("error-rate") ?? "0", CultureInfo.InvariantCulture);
if (Option("run") is string runId)
{
    server.AddRun(runId);
}

if (Option("outage") is string seconds)
{
    _ = OutageAsync(TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)), int.Parse(Option("outage-after") ?? "0", CultureInfo.InvariantCulture));
}

Console.WriteLine($"listening on {server.Url}");
Console.WriteLine($"TMS_URL={server.Url} TMS_PRIVATE_TOKEN={options.Token} TMS_PROJECT_ID={options.ProjectId} TMS_CONFIGURATION_ID={options.ConfigurationId}");

using var stop = new ManualResetEventSlim();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Set();
};
using var terminated = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, context =>
{
    context.Cancel = true;
    stop.Set();
});
stop.Wait();

List<string> problems = server.Runs.SelectMany(server.Check).Concat(server.Violations).Distinct().ToList();
foreach (TestRun run in server.Runs)
{
    Console.WriteLine($"run {run.Id}: {run.State}, {run.Rows.Count} rows, {run.HeldPosts} held ({string.Join(", ", run.Rows.GroupBy(row => row.StatusType).Select(group => $"{group.Count()} {group.Key}"))})");
}

Console.WriteLine($"{server.Requests.Count} requests, {server.AutoTests.Count} autotests, {server.Requests.Sum(request => (long)request.AnswerBytes)} answered bytes");
foreach (string problem in problems.Take(50))
{
    Console.WriteLine("violation: " + problem);
}

return problems.Count == 0 ? 0 : 1;

async Task OutageAsync(TimeSpan length, int rows)
{
    while (server.Runs.Sum(run => run.Rows.Count) < rows)
    {
        await Task.Delay(5).ConfigureAwait(false);
    }

    server.Faults.Applies = (method, path) => server.Faults.Down || (method == "POST" && path.EndsWith("testResults", StringComparison.Ordinal));
    server.Faults.CutAfterCommit(4);
    await Task.Delay(500).ConfigureAwait(false);
    server.Faults.Down = true;
    await Task.Delay(length).ConfigureAwait(false);
    server.Faults.Down = false;
}

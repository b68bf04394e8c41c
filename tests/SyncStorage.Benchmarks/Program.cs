using SyncStorage.Benchmarks;

// Each group prints rows of one table: what was measured, against which baseline in the same run, the ratio of the medians.
// dotnet run -c Release --project tests/SyncStorage.Benchmarks [-- group ...]
var groups = new Dictionary<string, Func<Task>>
{
    ["package"] = PackageSize.RunAsync,
    ["start"] = ServerStartTime.RunAsync,
    ["requests"] = Requests.RunAsync,
    ["handover"] = HandOver.RunAsync,
    ["publish"] = Publishing.RunAsync,
    ["testit"] = DotnetTestAndTestIt.RunAsync,
    ["library"] = LibraryFigures.RunAsync,
    ["dotnet-test"] = DotnetTest.RunAsync,
};

// Takes minutes and proves rather than measures: only when it is asked for.
var onDemand = new Dictionary<string, Func<Task>> { ["outage"] = Publishing.RunWithOutageAsync };

if (args is [LibraryFigures.ColdProcess, string what])
{
    return await LibraryFigures.RunColdAsync(what);
}

string[] unknown = args.Where(name => !groups.ContainsKey(name) && !onDemand.ContainsKey(name)).ToArray();
if (unknown.Length > 0)
{
    Console.Error.WriteLine($"Unknown: {string.Join(", ", unknown)}. Known: {string.Join(", ", groups.Keys.Concat(onDemand.Keys))}.");
    return 2;
}

Table.Header();
foreach (string name in args.Length > 0 ? args : groups.Keys.ToArray())
{
    await (groups.GetValueOrDefault(name) ?? onDemand[name])();
}

return 0;

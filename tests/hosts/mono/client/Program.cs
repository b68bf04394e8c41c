// MonoClient RUN PORT: an adapter author's program on .NET Framework. Takes part in the run with two results and prints what it would write to Test IT.
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        var config = SyncStorageConfig.FromAppProperties(new Dictionary<string, string> { ["testrunid"] = args[0], ["syncstorage_port"] = args[1] });
        await using var adapter = new PrintingAdapter();
        adapter.Initialize(config);
        if (!await adapter.StartAsync())
        {
            return 1;
        }

        foreach (string name in new[] { "N.a", "N.b" })
        {
            DateTimeOffset now = DateTimeOffset.UtcNow;
            await adapter.OnTestCaseCompletedAsync(new SyncStorageTestResult(name, "Passed") { StartedOn = now, CompletedOn = now, Duration = 1 });
        }

        adapter.FinalizeTestHandling();
        await adapter.StopAsync();
        return 0;
    }

    private sealed class PrintingAdapter : SyncStorageAdapter
    {
        public PrintingAdapter()
            : base(new SyncStorageOptions { Log = (level, message) => Console.Error.WriteLine(level + ": " + message) })
        {
        }

        protected override Task WriteResultAsync(SyncStorageTestResult result, bool inProgress, CancellationToken cancellationToken)
            => Console.Out.WriteLineAsync((inProgress ? "InProgress" : result.StatusType) + " " + result.AutoTestExternalId);
    }
}

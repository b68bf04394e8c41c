using System.Diagnostics;

namespace SyncStorage.Benchmarks;

/// <summary>Whole `dotnet test --no-build` runs, in turn: without the package, with it (the worker is master), and with an empty logger instead.</summary>
internal static class DotnetTest
{
    private const int Rounds = 15;

    public static async Task RunAsync()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string[] off = ["-p:SyncStorageEnabled=false"];
        string[] on = ["-p:SyncStorageEnabled=true", "-p:SyncStoragePort=0"];
        string[] empty = [.. off, "--logger", "Empty", "--test-adapter-path", Repository.Baseline("Empty.TestLogger", "netstandard2.0")];
        foreach (TestFramework framework in new[] { TestFramework.MSTest, TestFramework.Xunit })
        {
            string one = await BuildAsync(folder, framework, 1);
            Dictionary<string, Series> single = await InTurnAsync(folder, one, new() { ["off"] = off, ["on"] = on, ["empty"] = empty });
            Table.Milliseconds($"dotnet test, 1 {framework} test: with the package / without", single["on"].Milliseconds, single["off"].Milliseconds, "<= 1.12");
            Table.Milliseconds($"dotnet test, 1 {framework} test: with the package / empty logger", single["on"].Milliseconds, single["empty"].Milliseconds, "<= 1.05");
            if (OperatingSystem.IsLinux())
            {
                double with = Table.Median(single["on"].ConsoleProcessor);
                double without = Table.Median(single["empty"].ConsoleProcessor);
                Table.Row($"the same: processor time of vstest.console above that with an empty logger", $"{with - without:0} ms", $"{without:0} ms", null, "<= 40 ms");
            }

            string thousand = await BuildAsync(folder, framework, 1000);
            Dictionary<string, Series> many = await InTurnAsync(folder, thousand, new() { ["off"] = off, ["on"] = on });
            Table.Milliseconds($"dotnet test, 1000 {framework} tests: with the package / without", many["on"].Milliseconds, many["off"].Milliseconds, "<= 1.08");
        }

        Folders.Remove(folder);
    }

    private static async Task<Dictionary<string, Series>> InTurnAsync(string folder, string project, Dictionary<string, string[]> variants)
    {
        Dictionary<string, Series> measured = variants.Keys.ToDictionary(name => name, _ => new Series([], []));
        for (int round = -1; round < Rounds; round++)
        {
            foreach ((string name, string[] arguments) in variants)
            {
                using var console = new ConsoleProcessorTime(Path.GetFileNameWithoutExtension(project) + ".dll");
                double time = await RunAsync(folder, null, ["test", project, "--no-build", .. arguments]);
                if (round >= 0)
                {
                    measured[name].Milliseconds.Add(time);
                    measured[name].ConsoleProcessor.Add(console.Milliseconds);
                }
            }
        }

        return measured;
    }

    public static async Task<string> BuildAsync(string folder, TestFramework framework, int tests)
    {
        string project = framework.Write(folder, $"{framework}{tests}", tests);
        await RunAsync(folder, null, "build", project, "-v", "q");
        return project;
    }

    public static async Task<double> RunAsync(string folder, IReadOnlyDictionary<string, string?>? environment, params string[] arguments)
    {
        var info = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true };
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            info.Environment[name] = value;
        }

        var clock = Stopwatch.StartNew();
        using var process = Process.Start(info)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? clock.Elapsed.TotalMilliseconds : throw new InvalidOperationException(output);
    }

    /// <param name="Milliseconds">Of `dotnet test`.</param>
    /// <param name="ConsoleProcessor">Milliseconds of processor time of vstest.console.</param>
    private sealed record Series(List<double> Milliseconds, List<double> ConsoleProcessor);
}

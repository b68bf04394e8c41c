using System.Diagnostics;

namespace SyncStorage.Benchmarks;

/// <summary>Whole `dotnet test --no-build` runs, in turn: without the package, with it, and with an empty collector and logger instead.</summary>
internal static class DotnetTest
{
    private const int Rounds = 15;

    public static async Task RunAsync()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string one = Project(folder, "One", 1);
        string thousand = Project(folder, "Thousand", 1000);
        foreach (string project in new[] { one, thousand })
        {
            await RunAsync(folder, null, "build", project, "-v", "q");
        }

        string[] off = ["-p:SyncStorageEnabled=false"];
        string[] on = ["-p:SyncStorageEnabled=true", "-p:SyncStoragePort=0"];
        string[] never = [.. on, "-p:SyncStorageTestEvents=Never"]; // as every worker but the first
        string[] always = [.. on, "-p:SyncStorageTestEvents=Always"];
        string[] empty =
        [
            "-p:SyncStorageEnabled=false", "--collect", "Empty", "--logger", "Empty",
            "--test-adapter-path", Repository.Baseline("Empty.Collector", "netstandard2.0"), "--test-adapter-path", Repository.Baseline("Empty.TestLogger", "netstandard2.0"),
        ];

        Dictionary<string, List<double>> single = await InTurnAsync(folder, one, new() { ["off"] = off, ["on"] = on, ["empty"] = empty });
        Table.Milliseconds("dotnet test, 1 test: with the package / without", single["on"], single["off"], "<= 1.30");
        Table.Milliseconds("dotnet test, 1 test: with the package / empty collector and logger", single["on"], single["empty"], "<= 1.10");
        Dictionary<string, List<double>> many = await InTurnAsync(folder, thousand, new() { ["off"] = off, ["on"] = on, ["never"] = never, ["always"] = always });
        Table.Milliseconds("dotnet test, 1000 xUnit tests: worker that is not master / without", many["never"], many["off"], "<= 1.30");
        Table.Milliseconds("dotnet test, 1000 xUnit tests: master / without", many["on"], many["off"], "stated");
        Table.Milliseconds("dotnet test, 1000 xUnit tests: SyncStorageTestEvents=Always / without", many["always"], many["off"], "stated");
        Folders.Remove(folder);
    }

    private static async Task<Dictionary<string, List<double>>> InTurnAsync(string folder, string project, Dictionary<string, string[]> variants)
    {
        Dictionary<string, List<double>> times = variants.Keys.ToDictionary(name => name, _ => new List<double>());
        for (int round = -1; round < Rounds; round++)
        {
            foreach ((string name, string[] arguments) in variants)
            {
                double time = await RunAsync(folder, null, ["test", project, "--no-build", .. arguments]);
                if (round >= 0)
                {
                    times[name].Add(time);
                }
            }
        }

        return times;
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

    public static string Project(string folder, string name, int tests)
    {
        string project = Path.Combine(folder, name, name + ".csproj");
        Directory.CreateDirectory(Path.GetDirectoryName(project)!);
        File.WriteAllText(project, $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <NuGetAudit>false</NuGetAudit>
                <!-- With a thread per processor, xUnit's discovery now and then waits 750 ms for another one, whatever guests there are. -->
                <ThreadPoolMinThreads>8</ThreadPoolMinThreads>
                <SyncStoragePackageRoot>{Repository.Stage}/</SyncStoragePackageRoot>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Microsoft.NET.Test.Sdk" Version="18.11.0" />
                <PackageReference Include="xunit" Version="2.9.3" />
                <PackageReference Include="xunit.runner.visualstudio" Version="4.0.1" />
              </ItemGroup>
              <Import Project="{Repository.Root}/build/SyncStorage.Build.props" />
              <Import Project="{Repository.Root}/build/SyncStorage.Build.targets" />
            </Project>
            """);
        File.WriteAllText(
            Path.Combine(folder, name, "Tests.cs"),
            $"using Xunit; public class Tests {{ {string.Concat(Enumerable.Range(0, tests).Select(i => $"[Fact] public void T{i}() {{}} "))} }}");
        return project;
    }
}

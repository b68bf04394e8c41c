using System.IO.Compression;

namespace SyncStorage.Client.EndToEnd;

[TestClass]
public sealed class The_package
{
    private const string Version = "0.1.0-endtoend";

    private static string s_root = "";

    [ClassInitialize]
    public static async Task PackAsync(TestContext context)
    {
        s_root = Directory.CreateTempSubdirectory("SyncStorage.Package-").FullName;
        CommandResult packed = await Command.RunAsync(
            Repository.Root, ["pack", "src/SyncStorage.Client", "-c", Repository.Configuration, "--no-build", "-o", Path.Combine(s_root, "feed"), "-p:Version=" + Version, "-v", "q"]);
        Assert.AreEqual(0, packed.ExitCode, packed.Output);
        await File.WriteAllTextAsync(Path.Combine(s_root, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(s_root, "cache")}" /></config>
              <packageSources><clear /><add key="feed" value="{Path.Combine(s_root, "feed")}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="restored" value="{Repository.Packages}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    [ClassCleanup]
    public static void CleanUp() => Folders.Remove(s_root);

    [TestMethod]
    public void Has_the_library_its_documentation_and_the_server_and_nothing_else()
    {
        using ZipArchive package = ZipFile.OpenRead(Path.Combine(s_root, "feed", $"SyncStorage.Client.{Version}.nupkg"));
        string[] entries = package.Entries.Select(e => e.FullName).ToArray();

        CollectionAssert.AreEquivalent(
            new[] { "lib/netstandard2.0/SyncStorage.Client.dll", "lib/netstandard2.0/SyncStorage.Client.xml" },
            entries.Where(e => e.StartsWith("lib/", StringComparison.Ordinal)).ToArray());
        CollectionAssert.IsSubsetOf(
            new[] { "README.md", "LICENSE", "buildTransitive/SyncStorage.Client.targets", "server/SyncStorage.Server.dll", "server/SyncStorage.Server.runtimeconfig.json", "server/SyncStorage.Server.deps.json" },
            entries);
        Assert.IsLessThan(5_000_000, package.Entries.Sum(e => e.CompressedLength));
    }

    [TestMethod]
    public async Task Works_for_a_netstandard_library_in_programs_of_old_and_new_frameworks()
    {
        // Without a LangVersion the library is compiled as C# 7.3, the oldest that a user may have.
        Write("Adapter/Adapter.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>netstandard2.0</TargetFramework></PropertyGroup>
              <ItemGroup><PackageReference Include="SyncStorage.Client" Version="{Version}" /></ItemGroup>
            </Project>
            """);
        Write("Adapter/Adapter.cs", """
            using System;
            using System.Threading.Tasks;
            using SyncStorage;

            public static class Adapter
            {
                public static async Task<string> RunAsync()
                {
                    var config = new SyncStorageConfig("consumer") { Port = 0 };
                    var options = new SyncStorageOptions { Log = (level, message) => Console.Error.WriteLine(level + ": " + message) };
                    var runner = new SyncStorageRunner(config, options);
                    bool started = await runner.StartAsync();
                    bool held = await new TestResultManager(runner).HandleTestCompletionAsync(new SyncStorageTestResult("test", "Passed") { Duration = 5 });
                    await runner.DisposeAsync();
                    return "started " + started + ", master " + runner.IsMaster + ", held " + held;
                }
            }
            """);
        Write("Program/Program.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFrameworks>net8.0;net10.0</TargetFrameworks>
                <RollForward>Major</RollForward>
                <UseAppHost>false</UseAppHost>
              </PropertyGroup>
              <ItemGroup><ProjectReference Include="../Adapter/Adapter.csproj" /></ItemGroup>
            </Project>
            """);
        Write("Program/Program.cs", "System.Console.WriteLine(System.Environment.Version.Major + \": \" + Adapter.RunAsync().Result);");

        CommandResult built = await Command.RunAsync(s_root, ["build", "Program", "-warnaserror", "-v", "q"]);
        Assert.AreEqual(0, built.ExitCode, built.Output);
        foreach (string framework in new[] { "net8.0", "net10.0" })
        {
            CommandResult ran = await Command.RunAsync(s_root, [Path.Combine("Program", "bin", "Debug", framework, "Program.dll")]);
            Assert.Contains("started True, master True, held True", ran.Output);
        }

        Assert.IsFalse(Directory.Exists(Path.Combine(s_root, "Adapter", "bin", "Debug", "netstandard2.0", "server")), "a library carries no server");
        CommandResult published = await Command.RunAsync(s_root, ["publish", "Program", "-f", "net10.0", "-o", "published", "-v", "q"]);
        Assert.AreEqual(0, published.ExitCode, published.Output);
        Assert.IsTrue(File.Exists(Path.Combine(s_root, "published", "server", "SyncStorage.Server.dll")));
    }

    private static void Write(string path, string content)
    {
        string full = Path.Combine(s_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }
}

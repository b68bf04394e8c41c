using System.Reflection;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>Packs SyncStorage.Build once for all tests, into a feed and a package cache of its own.</summary>
[TestClass]
public static class Packages
{
    public const string Version = "0.1.0-endtoend";

    public static string Root { get; } = Directory.CreateTempSubdirectory("SyncStorage.EndToEnd-").FullName;
    public static string Feed => Path.Combine(Root, "feed");

    /// <summary>The unpacked package, as NuGet lays it out for a user.</summary>
    public static string Unpacked => Path.Combine(Root, "cache", "syncstorage.build", Version);

    public static string RepositoryRoot => Metadata("RepositoryRoot");

    [AssemblyInitialize]
    public static async Task PackAsync(TestContext context)
    {
        CommandResult packed = await Command.RunAsync(
            RepositoryRoot, ["pack", "src/SyncStorage.Build", "-c", Metadata("Configuration"), "--no-build", "-o", Feed, "-p:Version=" + Version, "-v", "q"]);
        Assert.AreEqual(0, packed.ExitCode, packed.Output);

        string restored = Metadata("NuGetPackageRoot");
        if (OtherAccount.IsPossible)
        {
            string copy = Path.Combine(Root, "restored");
            await OtherAccount.OpenAsync(Root, restored.TrimEnd('/'), copy);
            restored = copy;
        }

        // The user's own packages come from the cache that restored this repository; ours never gets into it.
        await File.WriteAllTextAsync(Path.Combine(Root, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(Root, "cache")}" /></config>
              <packageSources><clear /><add key="feed" value="{Feed}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="restored" value="{restored}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    [AssemblyCleanup]
    public static void CleanUp()
    {
        // What a failed test left is worth more than a tidy temporary folder.
        if (!UserFolder.AnyKept)
        {
            Folders.Remove(Root);
        }
    }

    private static string Metadata(string key)
        => typeof(Packages).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;
}

using System.Reflection;

namespace SyncStorage.Benchmarks;

/// <summary>Where the built parts are.</summary>
internal static class Repository
{
    public static string Root { get; } = Metadata("RepositoryRoot");
    public static string Configuration { get; } = Metadata("Configuration");

    public static string Stage => Path.Combine(Root, "src", "SyncStorage.Build", "bin", Configuration, "package");
    public static string Server => Path.Combine(Stage, "server", "SyncStorage.Server.dll");

    public static string Baseline(string project, string framework)
        => Path.Combine(Root, "tests", "Baselines", project, "bin", Configuration, framework);

    private static string Metadata(string key)
        => typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;
}

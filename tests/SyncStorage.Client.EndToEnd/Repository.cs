using System.Reflection;

namespace SyncStorage.Client.EndToEnd;

internal static class Repository
{
    public static string Root => Metadata("RepositoryRoot");
    public static string Configuration => Metadata("Configuration");

    /// <summary>The packages that restored this repository.</summary>
    public static string Packages => Metadata("NuGetPackageRoot");

    public static string Sample => Path.Combine(Root, "tests", "Samples", "HomeMadeAdapter", "bin", Configuration, "net10.0", "HomeMadeAdapter.dll");

    private static string Metadata(string key)
        => typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;
}

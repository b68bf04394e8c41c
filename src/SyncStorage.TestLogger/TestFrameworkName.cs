namespace SyncStorage.TestLogger;

/// <summary>VSTest's long framework names in the short form of project files.</summary>
internal static class TestFrameworkName
{
    private const string VersionKey = "Version=v";
    private const int FirstWithoutCore = 5;

    /// <summary>".NETCoreApp,Version=v10.0" is "net10.0"; null for what is not such a name.</summary>
    public static string? ToShort(string? name)
    {
        string[] parts = (name ?? "").Split(',').Select(part => part.Trim()).ToArray();
        string? version = parts.FirstOrDefault(part => part.StartsWith(VersionKey, StringComparison.OrdinalIgnoreCase))?.Substring(VersionKey.Length);
        if (!Version.TryParse(version, out Version? parsed))
        {
            return null;
        }

        return parts[0].ToUpperInvariant() switch
        {
            ".NETCOREAPP" => (parsed.Major >= FirstWithoutCore ? "net" : "netcoreapp") + version,
            ".NETFRAMEWORK" => "net" + version!.Replace(".", ""),
            _ => null,
        };
    }
}

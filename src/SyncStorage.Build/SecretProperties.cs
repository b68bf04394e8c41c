using Microsoft.Build.Framework;

namespace SyncStorage.Build;

/// <summary>
/// Finds a private token that somebody gave as a property of the command line. Only the global properties are looked at:
/// to evaluate $(TMS_PRIVATE_TOKEN) would copy the environment variable into the binary log.
/// </summary>
internal static class SecretProperties
{
    private static readonly string[] Names = ["SyncStoragePrivateToken", "SyncStorageToken", "SyncStorageTestItToken", "PrivateToken", "TmsPrivateToken", "TMS_PRIVATE_TOKEN"];

    public static IEnumerable<string> FindIn(IBuildEngine engine)
    {
        if (engine is IBuildEngine6 engine6)
        {
            foreach (KeyValuePair<string, string> property in engine6.GetGlobalProperties())
            {
                if (property.Value.Length > 0 && Names.Contains(property.Key, StringComparer.OrdinalIgnoreCase))
                {
                    yield return property.Key;
                }
            }
        }
    }
}

namespace SyncStorage.Settings;

/// <summary>The one place that reads the private token. Only the server asks for its value; guests ask whether there is one.</summary>
internal static class PrivateTokenSource
{
    /// <param name="configFile">Path of Tms.config.json or null.</param>
    public static string? Read(string? configFile)
    {
        string? fromEnvironment = Environment.GetEnvironmentVariable(Setting.PrivateToken.Variable!);
        if (!string.IsNullOrWhiteSpace(fromEnvironment))
        {
            return fromEnvironment!.Trim();
        }

        return configFile is null ? null : TmsConfigFile.Read(configFile).PrivateToken;
    }

    public static bool Exists(string? configFile) => Read(configFile) is not null;
}

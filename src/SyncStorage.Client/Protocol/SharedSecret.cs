namespace SyncStorage.Protocol;

/// <summary>
/// What participants on other machines show a stand-alone server that was started with a secret. It goes only to an address that the user gave
/// (SyncStorageUrl, ServiceUrl), never to what is found on a port. An environment variable, because a property would be in binary logs.
/// </summary>
internal static class SharedSecret
{
    public const string Variable = "SYNCSTORAGE_SECRET";

    /// <returns>Null when there is none.</returns>
    public static string? Read() => Environment.GetEnvironmentVariable(Variable) is { } secret && !string.IsNullOrWhiteSpace(secret) ? secret.Trim() : null;
}

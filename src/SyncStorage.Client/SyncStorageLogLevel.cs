namespace SyncStorage;

/// <summary>
/// How much a message matters. The numbers are those of Microsoft.Extensions.Logging.LogLevel, so that a cast bridges to an
/// <c>ILogger</c>; the library does not reference that package, because it would bring two more assemblies into every host.
/// </summary>
public enum SyncStorageLogLevel
{
    /// <summary>For who looks for a fault.</summary>
    Debug = 1,

    /// <summary>What happened, in order.</summary>
    Information = 2,

    /// <summary>Sync Storage is not available or only in part; results are handled normally.</summary>
    Warning = 3,

    /// <summary>The worker takes no part in the coordinated run; results are handled normally.</summary>
    Error = 4,
}

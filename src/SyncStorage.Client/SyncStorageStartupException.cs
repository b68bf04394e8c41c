namespace SyncStorage;

/// <summary>
/// Sync Storage was not ready within <see cref="SyncStorageOptions.StartupTimeout"/>. Thrown only when
/// <see cref="SyncStorageOptions.ThrowOnStartupTimeout"/> asks for it.
/// </summary>
public sealed class SyncStorageStartupException : TimeoutException
{
    /// <summary>Creates the exception without a reason.</summary>
    public SyncStorageStartupException()
        : base("Sync Storage was not ready in time.")
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was waited for, and for how long.</param>
    public SyncStorageStartupException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was waited for, and for how long.</param>
    /// <param name="innerException">The last trouble on the way, if any.</param>
    public SyncStorageStartupException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

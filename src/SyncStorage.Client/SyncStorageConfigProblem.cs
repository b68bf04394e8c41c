namespace SyncStorage;

/// <summary>What is wrong with one setting.</summary>
public sealed class SyncStorageConfigProblem
{
    internal SyncStorageConfigProblem(string setting, string source, string message)
    {
        Setting = setting;
        Source = source;
        Message = message;
    }

    /// <summary>Name of the setting as in Tms.config.json, such as testRunId.</summary>
    public string Setting { get; }

    /// <summary>Where its value came from, such as "environment variable TMS_URL", or "not set".</summary>
    public string Source { get; }

    /// <summary>A sentence that names setting and source and says what to do.</summary>
    public string Message { get; }

    /// <summary><see cref="Message"/>.</summary>
    public override string ToString() => Message;
}

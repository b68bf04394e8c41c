namespace SyncStorage.Running;

/// <summary>What a runner says. A service may quote what it was told, so the token is cut out of every message.</summary>
internal sealed class RunnerLog
{
    private readonly Action<SyncStorageLogLevel, string> _target;
    private readonly string? _secret;
    private int _troubled;

    public RunnerLog(Action<SyncStorageLogLevel, string>? target, string? secret)
    {
        _target = target ?? ((_, _) => { });
        _secret = secret;
    }

    public void Debug(string message) => Write(SyncStorageLogLevel.Debug, message);

    public void Information(string message) => Write(SyncStorageLogLevel.Information, message);

    public void Warning(string message) => Write(SyncStorageLogLevel.Warning, message);

    public void Error(string message) => Write(SyncStorageLogLevel.Error, message);

    /// <summary>The service does not do its part. The first time this is a warning; a service that stays away is not worth a second one.</summary>
    public void Trouble(string message)
    {
        bool first = Interlocked.Exchange(ref _troubled, 1) == 0;
        Write(first ? SyncStorageLogLevel.Warning : SyncStorageLogLevel.Debug, message);
    }

    /// <summary>Makes a text fit to be shown.</summary>
    public string Mask(string message) => string.IsNullOrEmpty(_secret) ? message : message.Replace(_secret, "***");

    private void Write(SyncStorageLogLevel level, string message)
    {
        try
        {
            _target(level, Mask(message));
        }
        catch (Exception e)
        {
            // A log that fails must not fail a test; there is nowhere else to say it but the debugger.
            System.Diagnostics.Debug.WriteLine(e);
        }
    }
}

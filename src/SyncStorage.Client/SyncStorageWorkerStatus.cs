namespace SyncStorage;

/// <summary>What a worker tells Sync Storage about itself.</summary>
public enum SyncStorageWorkerStatus
{
    /// <summary>It runs tests.</summary>
    InProgress,

    /// <summary>It has no further results. The run ends when this holds for all of its workers.</summary>
    Completed,
}

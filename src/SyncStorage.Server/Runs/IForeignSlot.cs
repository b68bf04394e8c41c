namespace SyncStorage.Server.Runs;

/// <summary>The in-progress slot of a run whose master another service elects.</summary>
internal interface IForeignSlot
{
    /// <summary>True once it is known that a result is held back, here or by another worker of that service.</summary>
    bool IsDecided { get; }
}

namespace SyncStorage.Server.Runs;

/// <summary>The processes of this machine, as far as watching workers needs them.</summary>
internal interface IProcessTable
{
    /// <summary>
    /// Tells a process from any other that ever had its id; null when there is no such process. A process that has ended and
    /// whose parent did not notice yet is none.
    /// </summary>
    string? BirthOf(int processId);
}

using SyncStorage.Sessions;

namespace SyncStorage.Server.Runs;

/// <summary>The processes of this machine, as far as watching workers needs them.</summary>
internal interface IProcessTable
{
    /// <inheritdoc cref="ProcessIdentity.Of"/>
    ProcessIdentity? Find(int processId);
}

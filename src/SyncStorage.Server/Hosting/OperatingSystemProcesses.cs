using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

internal sealed class OperatingSystemProcesses : IProcessTable
{
    public ProcessIdentity? Find(int processId) => ProcessIdentity.Of(processId);
}

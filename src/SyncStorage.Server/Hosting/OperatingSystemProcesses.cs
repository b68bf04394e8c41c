using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

internal sealed class OperatingSystemProcesses : IProcessTable
{
    public string? BirthOf(int processId) => ProcessIdentity.BirthOf(processId);
}

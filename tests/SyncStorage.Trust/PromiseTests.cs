using System.Threading.Tasks;

namespace SyncStorage.Trust;

internal static class PromiseTests
{
    public static Task<bool> RunAsync() => Task.FromResult(true);
}

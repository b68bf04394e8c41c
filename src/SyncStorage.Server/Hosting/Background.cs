using SyncStorage.Server.Results;

namespace SyncStorage.Server.Hosting;

/// <summary>Work beside the requests: its failure is logged and never ends the server.</summary>
internal static class Background
{
    public static Task Run(Func<Task> work, ServerLog log) => Task.Run(async () =>
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            log.Write($"Background work failed: {e}");
        }
    });

    public static void Try(Action work, ServerLog log)
    {
        try
        {
            work();
        }
        catch (Exception e)
        {
            log.Write($"Background work failed: {e}");
        }
    }
}

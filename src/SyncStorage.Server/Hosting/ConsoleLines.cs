using System.Threading.Channels;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// server.log on the console of a stand-alone server, which users keep (nohup ... > service.log). Some official clients start the server
/// with pipes that they never read: when such a pipe is full, lines are lost, and nobody waits.
/// </summary>
internal sealed class ConsoleLines : IAsyncDisposable
{
    private static readonly TimeSpan LastLines = TimeSpan.FromSeconds(1);

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(
        new BoundedChannelOptions(1000) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Task _writing;

    public ConsoleLines() => _writing = Task.Run(WriteAllAsync);

    public void Write(string line) => _lines.Writer.TryWrite(line);

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.Complete();
        await Task.WhenAny(_writing, Task.Delay(LastLines)).ConfigureAwait(false);
    }

    private async Task WriteAllAsync()
    {
        await foreach (string line in _lines.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            Output.WriteLine(line);
        }
    }
}

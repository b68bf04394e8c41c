using System;
using System.Threading.Channels;
using System.Threading.Tasks;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// What the user of a stand-alone server reads beside server.log. Some official clients redirect the output and never read it, so a full
/// pipe costs lines and never time.
/// </summary>
internal sealed class ConsoleLines : IAsyncDisposable
{
    private static readonly TimeSpan LastLines = TimeSpan.FromSeconds(1);

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(
        new BoundedChannelOptions(100) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly Task _writing;

    public ConsoleLines() => _writing = Task.Run(WriteAsync);

    public void Write(string line) => _lines.Writer.TryWrite(line);

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.Complete();
        await Task.WhenAny(_writing, Task.Delay(LastLines)).ConfigureAwait(false);
    }

    private async Task WriteAsync()
    {
        await foreach (string line in _lines.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            Output.WriteLine(line);
        }
    }
}

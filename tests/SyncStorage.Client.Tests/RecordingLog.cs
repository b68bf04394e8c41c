using System.Collections.Concurrent;

namespace SyncStorage.Client.Tests;

internal sealed class RecordingLog
{
    private readonly ConcurrentQueue<(SyncStorageLogLevel Level, string Message)> _messages = new();

    public void Add(SyncStorageLogLevel level, string message) => _messages.Enqueue((level, message));

    public IReadOnlyList<string> Of(SyncStorageLogLevel level) => _messages.Where(m => m.Level == level).Select(m => m.Message).ToList();

    public string All => string.Join("\n", _messages.Select(m => $"{m.Level}: {m.Message}"));
}

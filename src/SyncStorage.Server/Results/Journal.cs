using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Results;

/// <summary>
/// journal.jsonl of a run. While a server lives it keeps the file open exclusively: that is how another server sees that the
/// run is in somebody's hands.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly AppendFile _file;
    private readonly ArrayBufferWriter<byte> _buffer = new(512);

    /// <exception cref="IOException">A living server has the run, or the folder cannot be written.</exception>
    public Journal(string path) => _file = new AppendFile(path, exclusive: true);

    public bool IsEmpty => _file.Length == 0;

    public IReadOnlyList<RunEvent> ReadAll()
    {
        var events = new List<RunEvent>();
        _file.ForEachLine((_, line) =>
        {
            try
            {
                if (JsonSerializer.Deserialize(line, JournalJson.Default.RunEvent) is { } e)
                {
                    events.Add(e);
                }
            }
            catch (JsonException)
            {
                // One damaged line must not cost the run; a missing event is worked out again from what follows.
            }
        });
        return events;
    }

    /// <summary>The last event, without reading the others; null when there is none or it is damaged.</summary>
    public RunEvent? ReadLast()
    {
        try
        {
            byte[] line = _file.ReadLastLine();
            return line.Length == 0 ? null : JsonSerializer.Deserialize(line, JournalJson.Default.RunEvent);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Append(IReadOnlyList<RunEvent> events)
    {
        _buffer.ResetWrittenCount();
        foreach (RunEvent e in events)
        {
            _buffer.Write(ReadableJson.Write(e, JournalJson.Default.RunEvent));
            _buffer.Write("\n"u8);
        }

        _file.Append(_buffer.WrittenSpan);
    }

    public void Dispose() => _file.Dispose();
}

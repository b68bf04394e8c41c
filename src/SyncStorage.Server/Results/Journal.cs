using System.Buffers;
using System.Text.Json;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Results;

/// <summary>What a journal says cannot be relied on: its folder is left as it is, and others go on.</summary>
internal sealed class UnusableJournalException(string message) : IOException(message);

/// <summary>
/// journal.jsonl of a run. While a server lives it keeps the file open exclusively: that is how another server sees that the
/// run is in somebody's hands.
/// </summary>
internal sealed class Journal : IDisposable
{
    /// <summary>Bytes; a run's settings are a few hundred.</summary>
    private const int LongestFirst = 1024 * 1024;

    private readonly AppendFile _file;
    private readonly ArrayBufferWriter<byte> _buffer = new(512);

    /// <summary>Of what stands in a journal; stands in its first event. Raised when an older server would misunderstand a newer journal.</summary>
    public const int Version = 1;

    /// <exception cref="IOException">A living server has the run, or the folder cannot be written.</exception>
    public Journal(string path) => _file = new AppendFile(path, exclusive: true);

    public bool IsEmpty => _file.Length == 0;

    /// <param name="results">How many results the run has; null when the caller does not look at them.</param>
    /// <exception cref="UnusableJournalException">A newer version wrote it, or an event cannot have happened.</exception>
    public IReadOnlyList<RunEvent> ReadAll(int? results = null)
    {
        var events = new List<RunEvent>();
        int number = 0;
        _file.ForEachLine((_, line) =>
        {
            number++;
            try
            {
                if (JsonSerializer.Deserialize(line, ServerJson.Default.RunEvent) is not { } e)
                {
                    return;
                }

                if (e.Version > Version)
                {
                    throw new UnusableJournalException($"its journal was written by a newer version (format {e.Version}; this one knows {Version})");
                }

                if (e.ReasonWhySenseless(results) is { } reason)
                {
                    throw new UnusableJournalException($"line {number} of its journal cannot have happened: {reason}");
                }

                events.Add(e);
            }
            catch (JsonException)
            {
                // One damaged line must not cost the run; a missing event is worked out again from what follows.
            }
        });
        return events;
    }

    /// <summary>What happened first, however long the rest; null when there is nothing or it is damaged.</summary>
    public RunEvent? ReadFirst()
    {
        try
        {
            byte[] line = _file.ReadFirstLine(LongestFirst);
            return line.Length == 0 ? null : JsonSerializer.Deserialize(line, ServerJson.Default.RunEvent);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What happened last, without reading the rest; null when there is nothing or it is damaged.</summary>
    public string? ReadLastKind()
    {
        try
        {
            byte[] line = _file.ReadLastLine();
            if (line.Length == 0)
            {
                return null;
            }

            // Most servers read no more of any journal than this.
            using JsonDocument last = JsonDocument.Parse(line);
            return last.RootElement.ValueKind == JsonValueKind.Object && last.RootElement.TryGetProperty("event", out JsonElement kind) ? kind.ToString() : null;
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
            _buffer.Write(ReadableJson.Write(e, JournalJsonOut.Default.RunEvent));
            _buffer.Write("\n"u8);
        }

        _file.Append(_buffer.WrittenSpan);
    }

    public void Dispose() => _file.Dispose();
}

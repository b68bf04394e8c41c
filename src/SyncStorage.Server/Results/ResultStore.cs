using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using SyncStorage.Protocol;
using SyncStorage.Results;

namespace SyncStorage.Server.Results;

/// <summary>Counts of a run's results.</summary>
internal readonly record struct ResultCounts(long Observed, long Sent, long Spooled, long Rejected, long Passed, long Failed, long Skipped, long Recovered);

/// <summary>A line that is ready to be stored: made outside the run's lock.</summary>
internal readonly record struct PreparedResult(long Sequence, string TestCaseId, byte Outcome, int Start, int Length, bool Recovered = false);

/// <summary>
/// results.jsonl and what is kept in memory of it: 20 bytes a result, since the bodies stay on disk. Not safe for
/// parallel callers: the run's lock is around it, except for <see cref="Read"/>.
/// </summary>
internal sealed class ResultStore : IDisposable
{
    private readonly AppendFile _file;
    private readonly ChunkedList<Row> _rows = new();
    private readonly List<WorkerResults> _workers = [];
    private readonly Dictionary<string, int> _workerNumbers = new(StringComparer.Ordinal);
    private readonly long[] _byDelivery = new long[4];
    private readonly long[] _byOutcome = new long[4];
    private long _recovered;

    public ResultStore(string path)
    {
        _file = new AppendFile(path, exclusive: false);
        _file.ForEachLine(Recall);
    }

    public int Count => _rows.Count;

    public ResultCounts Counts => new(
        _rows.Count,
        _byDelivery[(int)Delivery.Sent],
        // What is still on its way lies here and nowhere else.
        _byDelivery[(int)Delivery.Spooled] + _byDelivery[(int)Delivery.Pending],
        _byDelivery[(int)Delivery.Rejected],
        _byOutcome[Passed],
        _byOutcome[Failed],
        _byOutcome[Skipped] + _byOutcome[Damaged],
        _recovered);

    /// <summary>What of a worker's results has no place in Test IT so far, those counted that are still on their way.</summary>
    public long UndeliveredOf(string worker)
        => _workerNumbers.TryGetValue(worker, out int number) ? _workers[number].ByDelivery[(int)Delivery.Pending] + _workers[number].ByDelivery[(int)Delivery.Spooled] : 0;

    /// <summary>What of a worker's results is still on its way.</summary>
    public long PendingOf(string worker) => _workerNumbers.TryGetValue(worker, out int number) ? _workers[number].ByDelivery[(int)Delivery.Pending] : 0;

    public bool HasUndelivered => _byDelivery[(int)Delivery.Spooled] + _byDelivery[(int)Delivery.Pending] > 0;

    public static byte Classify(string? outcome) => outcome switch
    {
        "Passed" => Passed,
        "Failed" => Failed,
        _ => Skipped,
    };

    public bool Contains(string worker, long sequence)
        => _workerNumbers.TryGetValue(worker, out int number) && _workers[number].Seen.Contains(sequence);

    /// <summary>Writes the new ones of a worker's results in one go. Those that were handed over before are left out.</summary>
    /// <param name="lines">Their lines, as <see cref="PreparedResult"/> refers to them.</param>
    /// <param name="accepted">Receives what was new; its indices are the last ones of the store.</param>
    /// <exception cref="System.IO.IOException">Nothing was stored.</exception>
    public void Append(string worker, string targetFramework, ReadOnlySpan<byte> lines, IReadOnlyList<PreparedResult> results, Delivery delivery, List<PreparedResult> accepted)
    {
        WorkerResults known = _workers[NumberOf(worker, targetFramework)];
        var inBatch = new HashSet<long>();
        foreach (PreparedResult result in results)
        {
            if (!known.Seen.Contains(result.Sequence) && inBatch.Add(result.Sequence))
            {
                accepted.Add(result);
            }
        }

        if (accepted.Count == 0)
        {
            return;
        }

        long offset = accepted.Count == results.Count ? _file.Append(lines) : _file.Append(Select(lines, accepted));
        int workerNumber = _workerNumbers[worker];
        foreach (PreparedResult result in accepted)
        {
            Add(new Row(offset, result.Length, workerNumber, result.Outcome, delivery, false), result.Sequence);
            _recovered += result.Recovered ? 1 : 0;
            offset += result.Length;
        }
    }

    public StoredResult this[long index]
    {
        get
        {
            Row row = _rows[(int)index];
            WorkerResults worker = _workers[row.Worker];
            return new StoredResult(index, worker.Pid, worker.TargetFramework, row.Unclear);
        }
    }

    public Delivery DeliveryOf(long index) => _rows[(int)index].Delivery;

    public void SetDelivery(long index, Delivery delivery)
    {
        Row row = _rows[(int)index];
        if (row.Outcome == Damaged && delivery != Delivery.Sent)
        {
            // Its body is lost: it can never be sent any more.
            delivery = Delivery.Rejected;
        }

        _byDelivery[(int)row.Delivery]--;
        _byDelivery[(int)delivery]++;
        long[] ofWorker = _workers[row.Worker].ByDelivery;
        ofWorker[(int)row.Delivery]--;
        ofWorker[(int)delivery]++;
        // What was posted and then spooled may have arrived all the same: whoever sends it next has to look.
        _rows[(int)index] = row with { Delivery = delivery, Unclear = delivery == Delivery.Spooled && row.Unclear };
    }

    public void SetUnclear(long index) => _rows[(int)index] = _rows[(int)index] with { Unclear = true };

    /// <summary>Writes into the file what became of each result; nothing is left pending.</summary>
    public void Settle()
    {
        for (int i = 0; i < _rows.Count; i++)
        {
            if (_rows[i].Delivery == Delivery.Pending)
            {
                SetDelivery(i, Delivery.Spooled);
            }

            Row row = _rows[i];
            if (row.Delivery != row.Written && row.Outcome != Damaged)
            {
                StoredLine.PatchDelivery(_file, row.Offset, row.Length, row.Delivery);
                _rows[i] = row with { Written = row.Delivery };
            }
        }
    }

    public (long Offset, int Length) Locate(long index) => (_rows[(int)index].Offset, _rows[(int)index].Length);

    /// <summary>Reads a body back. May be called from any thread: what is written does not move.</summary>
    public ObservedResult Read((long Offset, int Length) place)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(place.Length);
        try
        {
            _file.Read(place.Offset, bytes.AsSpan(0, place.Length));
            return CompleteResult.Of(JsonSerializer.Deserialize(bytes.AsSpan(0, place.Length), WireJson.Default.ObservedResult) ?? throw new JsonException("A stored result is null."));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    public void Dispose() => _file.Dispose();

    private const byte Passed = 0;
    private const byte Failed = 1;
    private const byte Skipped = 2;

    /// <summary>Of a line that cannot be read: counted as skipped.</summary>
    private const byte Damaged = 3;

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private readonly record struct Row(long Offset, int Length, int Worker, byte Outcome, Delivery Delivery, bool Unclear)
    {
        public Delivery Written { get; init; } = Delivery;
    }

    private sealed record WorkerResults(string Pid, string TargetFramework)
    {
        public SequenceSet Seen { get; } = new();
        public long[] ByDelivery { get; } = new long[4];
    }

    private int NumberOf(string worker, string targetFramework)
    {
        if (!_workerNumbers.TryGetValue(worker, out int number))
        {
            number = _workers.Count;
            _workers.Add(new WorkerResults(worker, targetFramework));
            _workerNumbers.Add(worker, number);
        }

        return number;
    }

    private void Add(Row row, long sequence)
    {
        _workers[row.Worker].Seen.Add(sequence);
        Add(row);
    }

    private void Add(Row row)
    {
        _rows.Add(row);
        _byDelivery[(int)row.Delivery]++;
        _workers[row.Worker].ByDelivery[(int)row.Delivery]++;
        _byOutcome[row.Outcome]++;
    }

    /// <summary>
    /// Lines are ours and whole, but a disk may have lied. What cannot be read keeps its place: the journal names results by their number, and
    /// with a line less every later one would get another's fate.
    /// </summary>
    private void Recall(long offset, ReadOnlySpan<byte> line)
    {
        if (ReadFacts(line) is { } facts)
        {
            int worker = NumberOf(facts.Worker, facts.TargetFramework ?? "");
            Add(new Row(offset, line.Length + 1, worker, Classify(facts.Outcome), StoredLine.ParseDelivery(facts.Delivery), false), facts.Sequence);
            _recovered += facts.Recovered ? 1 : 0;
        }
        else
        {
            DamagedLines.Add(_rows.Count + 1);
            Add(new Row(offset, line.Length + 1, NumberOf("", ""), Damaged, Delivery.Rejected, false));
        }
    }

    /// <returns>Null when the line is no result that could be read back and settled.</returns>
    private static StoredLineFacts? ReadFacts(ReadOnlySpan<byte> line)
    {
        try
        {
            return StoredLine.HasDelivery(line) && JsonSerializer.Deserialize(line, ServerJson.Default.StoredLineFacts) is { Worker.Length: > 0, Sequence: >= 0 } facts
                && JsonSerializer.Deserialize(line, WireJson.Default.ObservedResult) is not null ? facts : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Numbers, from 1, of an earlier process's lines that cannot be read.</summary>
    public List<int> DamagedLines { get; } = [];

    private static byte[] Select(ReadOnlySpan<byte> lines, List<PreparedResult> accepted)
    {
        var selected = new ArrayBufferWriter<byte>();
        foreach (PreparedResult result in accepted)
        {
            selected.Write(lines.Slice(result.Start, result.Length));
        }

        return selected.WrittenSpan.ToArray();
    }
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;

namespace SyncStorage.Server.Runs;

/// <summary>
/// What a worker's data collectors saw of its tests, set off against the results that came for them. What is left over when the worker has
/// ended is what a test host took with it: tests that had ended, and those that were running. Keeps lines as they were written, and
/// forgets each as soon as its result is there.
/// </summary>
internal sealed class WitnessedTests
{
    /// <summary>Beyond all numbers that a logger counts with, within what every reader of JSON takes.</summary>
    private const long FirstSequence = 1L << 52;

    private readonly Dictionary<string, Test> _tests = new(StringComparer.OrdinalIgnoreCase);

    // Lines come again when something on their way could not be stored.
    private readonly Dictionary<string, SequenceSet> _seen = new(StringComparer.Ordinal);
    private bool _hasFirst;

    /// <summary>How the logger saw the worker's tests end.</summary>
    public WitnessedEnd End { get; set; } = new();

    /// <summary>The first test that ended, as the result that it is going to be, while nobody has taken it.</summary>
    public ObservedResult? FirstEnded { get; private set; }

    /// <summary>Names of the tests that run now.</summary>
    public IReadOnlyList<string> Running
        => [.. _tests.Values.SelectMany(test => test.Open).Select(seen => Parse(seen.Line).TestCaseDisplayName)];

    /// <param name="file">Name of the mail file: two test hosts of a worker both count from 0.</param>
    /// <param name="line">A start line.</param>
    public void Started(string file, ReadOnlySpan<byte> line)
    {
        WitnessedLine seen = ParseLight(line);
        if (!IsNew(file, seen))
        {
            return;
        }

        Find(seen).Open.Enqueue(new Seen(file, seen, line.ToArray(), seen.StartedOn));
    }

    /// <param name="file">Name of the mail file.</param>
    /// <param name="line">An end line.</param>
    public void Ended(string file, ReadOnlySpan<byte> line)
    {
        WitnessedLine seen = ParseLight(line);
        if (!IsNew(file, seen))
        {
            return;
        }

        Test test = Find(seen);
        DateTimeOffset startedOn = test.Open.TryDequeue(out Seen? start) ? start.StartedOn : seen.CompletedOn;
        var ended = new Seen(file, seen, line.ToArray(), startedOn);
        if (!_hasFirst)
        {
            _hasFirst = true;
            FirstEnded = ResultOf(ended);
        }

        if (!test.Results.Remove(seen.Outcome))
        {
            test.Ended.Add(ended);
        }

        Forget(seen.TestCaseId, test);
    }

    /// <summary>A result came.</summary>
    public void Arrived(long sequence, string testCaseId, string outcome)
    {
        if (!IsNew("", new WitnessedLine { Sequence = sequence }))
        {
            return;
        }

        Test test = Find(new WitnessedLine { TestCaseId = testCaseId });
        // The one with the same outcome: which of several runs of a test is missing shows in what is left.
        int ended = test.Ended.FindIndex(seen => seen.Facts.Outcome == outcome);
        if (ended >= 0)
        {
            test.Ended.RemoveAt(ended);
        }
        else
        {
            test.Results.Add(outcome);
        }

        Forget(testCaseId, test);
    }

    /// <summary>The worker has ended: the results that nobody else will bring.</summary>
    /// <param name="endedWell">Nothing of the worker died, so a test that ended without a result has none in its framework's eyes.</param>
    public IReadOnlyList<ObservedResult> Missing(bool endedWell)
    {
        var missing = new List<ObservedResult>();
        foreach (Test test in _tests.Values)
        {
            // Rows that are folded into one test case have one end and several results, the first of which stands for all.
            int surplus = test.Results.Count - test.Ended.Count;
            if (!endedWell)
            {
                missing.AddRange(test.Ended.Take(-Math.Min(surplus, 0)).Select(seen => ResultOf(seen) with
                {
                    Message = "The test host ended before this result was reported: only its outcome and times are known.",
                }));
            }

            missing.AddRange(test.Open.Skip(Math.Max(surplus, 0)).Select(seen => Blame(RunningOf(seen))));
        }

        return [.. missing.OrderBy(result => result.CompletedOn)];
    }

    /// <summary>What was missing is stored, and not missing any more.</summary>
    public void Settle() => _tests.Clear();

    public void TakeFirst() => FirstEnded = null;

    private bool IsNew(string file, WitnessedLine line)
    {
        string counter = line.Type + file;
        if (!_seen.TryGetValue(counter, out SequenceSet? seen))
        {
            _seen.Add(counter, seen = new SequenceSet());
        }

        bool isNew = !seen.Contains(line.Sequence);
        seen.Add(line.Sequence);
        return isNew;
    }

    private Test Find(WitnessedLine seen)
    {
        if (!_tests.TryGetValue(seen.TestCaseId, out Test? test))
        {
            _tests.Add(seen.TestCaseId, test = new Test());
        }

        return test;
    }

    private void Forget(string testCaseId, Test test)
    {
        if (test.Open.Count + test.Ended.Count + test.Results.Count == 0)
        {
            _tests.Remove(testCaseId);
        }
    }

    private ObservedResult RunningOf(Seen seen)
        => Timed(ResultOf(seen) with { Outcome = "Failed" }, End.At > seen.StartedOn ? End.At.Value : seen.StartedOn);

    private static ObservedResult ResultOf(Seen seen)
    {
        ObservedResult test = Parse(seen.Line);
        return Timed(test with
        {
            // The same for the same line, however often and in whatever order the mail is read.
            Sequence = FirstSequence + (BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes(seen.Key))) & (FirstSequence - 1)),
            DisplayName = test.TestCaseDisplayName,
            StartedOn = seen.StartedOn,
            Recovered = true,
        }, test.CompletedOn);
    }

    private static ObservedResult Timed(ObservedResult result, DateTimeOffset completedOn)
        => result with { CompletedOn = completedOn, DurationMs = Math.Max(0, (long)(completedOn - result.StartedOn).TotalMilliseconds) };

    /// <summary>Of a crash VSTest tells the process's last words, with a stack.</summary>
    private ObservedResult Blame(ObservedResult result)
    {
        const string What = "The test host ended while this test was running.";
        int stack = End.Reason?.IndexOf("\n   at ", StringComparison.Ordinal) ?? -1;
        string? head = stack < 0 ? End.Reason : End.Reason![..stack];
        return result with { Message = head is null ? What : $"{What} {head}", Trace = stack < 0 ? null : End.Reason![(stack + 1)..] };
    }

    private static ObservedResult Parse(ReadOnlySpan<byte> line) => CompleteResult.Of(JsonSerializer.Deserialize(line, WireJson.Default.ObservedResult)!);

    private static WitnessedLine ParseLight(ReadOnlySpan<byte> line) => JsonSerializer.Deserialize(line, ServerJson.Default.WitnessedLine)!;

    private sealed record Seen(string File, WitnessedLine Facts, byte[] Line, DateTimeOffset StartedOn)
    {
        /// <summary>Tells the line from all others of the worker.</summary>
        public string Key => $"{File} {Facts.Type} {Facts.Sequence}";
    }

    /// <summary>What of one test case is not settled: a test case may run several times.</summary>
    private sealed class Test
    {
        public Queue<Seen> Open { get; } = new();
        public List<Seen> Ended { get; } = [];

        /// <summary>Outcomes of results that came before their end, or without one.</summary>
        public List<string> Results { get; } = [];
    }
}

/// <summary>What is known of how a worker's tests ended.</summary>
/// <param name="Reason">VSTest's words, when it was not the usual end.</param>
/// <param name="At">When its logger saw the end; null when the logger saw none.</param>
/// <param name="Aborted">They did not end by themselves.</param>
internal sealed record WitnessedEnd(string? Reason = null, DateTimeOffset? At = null, bool Aborted = false);

/// <summary>Of a start or end line what is looked at for every test; the rest only when it is needed.</summary>
internal sealed record WitnessedLine
{
    [JsonPropertyName("type")] public string Type { get; init; } = "";
    [JsonPropertyName("sequence")] public long Sequence { get; init; }
    [JsonPropertyName("testCaseId")] public string TestCaseId { get; init; } = "";
    [JsonPropertyName("outcome")] public string Outcome { get; init; } = "";
    [JsonPropertyName("startedOn")] public DateTimeOffset StartedOn { get; init; }
    [JsonPropertyName("completedOn")] public DateTimeOffset CompletedOn { get; init; }
}

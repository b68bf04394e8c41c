using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.TestLogger;
using TestItStandIn;
using VsTestResult = Microsoft.VisualStudio.TestPlatform.ObjectModel.TestResult;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>
/// The whole way of odd names and messages: VSTest's object, our record, the wire, the server, results.jsonl, Test IT's body. What comes
/// out is what went in, but for what is documented: half of a surrogate pair is U+FFFD, Test IT gets no NUL, tags become entities.
/// </summary>
[TestClass]
[TestCategory("Promise: strange input")]
public sealed class OddTestTests
{
    private const int Rounds = 20;
    private const int Count = 1_000;
    private const int BatchSize = 200;

    private static readonly string[] Pieces =
    [
        "a", "B", " ", "\t", "\0", "\u0001", "\u001b[31m", "\u007f", "\ud800", "\udc00", "\ud83d\ude00", "\ud83d", "<b>", "</script>", "<", ">", "&lt;", "&", "\"", "'", "\\", "/", "../", "C:\\x",
        "(1, 2)", "(", ")", ",", "{0}", "{", "}", "\n", "\r\n", "\u2028", "ж", "漢", "\u202e", "\ufeff", "\ufffe", "e\u0301", "ß", "İ", ".", "+", "`1", "[", "]", ": ", "null", "%00", "$(x)", "--", ";", "@",
    ];

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Twenty_thousand_odd_tests_come_through_as_they_are()
    {
        for (int round = 0; round < Rounds; round++)
        {
            await RunAsync(20260102 + round);
        }

        TestContext.WriteLine($"cases: {Rounds * Count}");
    }

    private static async Task RunAsync(int seed)
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false, RecordBodies = false });
        TestItStandIn.TestRun run = testIt.AddRun();
        await using RunningServer server = await RunningServer.StartAsync(embedded: true, testIt: testIt);
        using var client = new SyncStorageClient(server.Url, RunningServer.Secret);
        await client.RegisterAsync(new RegisterRequest { Pid = "odd", TestRunId = run.Id, Part = WorkerPart.Logger }, default);

        var random = new Random(seed);
        var sent = new List<ObservedResult>(Count);
        for (int first = 0; first < Count; first += BatchSize)
        {
            List<ObservedResult> batch = [.. Enumerable.Range(first, BatchSize).Select(i => ObservedResultMapper.Map(Odd(random, i), i, DateTimeOffset.UnixEpoch.AddYears(50)))];
            sent.AddRange(batch);
            await client.PostResultsAsync(new ResultBatch { Pid = "odd", TestRunId = run.Id, Results = batch }, default);
        }

        await client.SetWorkerStatusAsync(new WorkerStatusRequest { Pid = "odd", TestRunId = run.Id, Status = WorkerStatus.Completed, Part = WorkerPart.Logger }, default);
        // At once: the grace period is for official workers.
        Assert.IsTrue((await client.ForceCompletionAsync(run.Id, default)).Completed);

        string[] lines = File.ReadAllLines(server.Runs.All.Single().Folder.ResultsPath);
        Assert.HasCount(Count, lines);
        for (int i = 0; i < Count; i++)
        {
            AssertStored(sent[i], JsonSerializer.Deserialize(lines[i], WireJson.Default.ObservedResult)!, $"seed {seed}, result {i}");
            Assert.Contains("\"delivery\":\"sent\"", lines[i], $"seed {seed}, result {i}");
        }

        Assert.AreEqual("", string.Join("\n", testIt.Violations.Take(5)), $"seed {seed}");
        Dictionary<string, ResultRow> rows = run.Rows.ToDictionary(row => row.ExternalId);
        for (int i = 0; i < Count; i++)
        {
            Assert.AreEqual(InTestIt(sent[i].Message), rows["odd-" + i].Message ?? "", $"seed {seed}, message {i}");
            Assert.AreEqual(InTestIt(sent[i].Trace), rows["odd-" + i].Traces ?? "", $"seed {seed}, trace {i}");
        }

        Assert.IsEmpty(testIt.AutoTests.Where(test => string.IsNullOrWhiteSpace(test.Name)).ToList());
    }

    /// <summary>An id of its own each, so that every row of Test IT can be told; everything else is odd.</summary>
    private static VsTestResult Odd(Random random, int number)
    {
        // Two results of one test are attempts, of which the last one stands: these are different tests.
        var test = new TestCase(Text(random) + number, new Uri("executor://mstestadapter/v4"), "/tests/" + Text(random) + ".dll") { DisplayName = Text(random) };
        test.Traits.Add("ExternalId", "odd-" + number);
        test.Traits.Add(Text(random), Text(random));
        return new VsTestResult(test)
        {
            DisplayName = Text(random),
            Outcome = (TestOutcome)random.Next(5),
            Duration = TimeSpan.FromMilliseconds(random.Next(1000)),
            ErrorMessage = random.Next(4000) == 0 ? string.Concat(Enumerable.Repeat(Text(random) + "m", 1_000_000))[..1_000_000] : Text(random),
            ErrorStackTrace = random.Next(1000) == 0 ? new string('漢', 50_000) : Text(random),
        };
    }

    private static string Text(Random random) => random.Next(10) switch
    {
        0 => "",
        1 => string.Concat(Enumerable.Range(0, 500).Select(_ => Pieces[random.Next(Pieces.Length)])),
        2 => ((char)random.Next(0x10000)).ToString() + (char)random.Next(0x10000),
        _ => string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => Pieces[random.Next(Pieces.Length)])),
    };

    private static void AssertStored(ObservedResult expected, ObservedResult stored, string which)
    {
        Assert.AreEqual(WellFormed(expected.FullyQualifiedName), stored.FullyQualifiedName, which);
        Assert.AreEqual(WellFormed(expected.DisplayName), stored.DisplayName, which);
        Assert.AreEqual(WellFormed(expected.TestCaseDisplayName), stored.TestCaseDisplayName, which);
        Assert.AreEqual(WellFormed(expected.Source), stored.Source, which);
        Assert.AreEqual(WellFormed(expected.Message), stored.Message ?? "", which);
        Assert.AreEqual(WellFormed(expected.Trace), stored.Trace ?? "", which);
        Assert.AreEqual(expected.Outcome, stored.Outcome, which);
        Assert.AreEqual((expected.StartedOn, expected.CompletedOn, expected.DurationMs), (stored.StartedOn, stored.CompletedOn, stored.DurationMs), which);
        CollectionAssert.AreEqual(
            expected.Traits.Select(trait => (WellFormed(trait.Name), WellFormed(trait.Value))).ToList(),
            stored.Traits.Select(trait => (trait.Name, trait.Value)).ToList(),
            which);
    }

    /// <summary>.NET's own replacement of what is no Unicode text.</summary>
    private static string WellFormed(string? text) => Encoding.Unicode.GetString(Encoding.Unicode.GetBytes(text ?? ""));

    private static string InTestIt(string? text)
    {
        string clean = WellFormed(text).Replace("\0", "", StringComparison.Ordinal);
        bool hasTag = clean.Split('\n').Any(line => Regex.IsMatch(line, @"<\S.*>", RegexOptions.Singleline));
        return hasTag ? clean.Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal) : clean;
    }
}

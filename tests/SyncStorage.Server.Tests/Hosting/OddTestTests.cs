using System.Text.Json;
using SyncStorage.Mail;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Mail;
using SyncStorage.Server.Runs;
using SyncStorage.TestLogger;
using TestItStandIn;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>
/// The whole way of odd names and messages: VSTest's object, our line of mail, the server, results.jsonl, Test IT's body. What comes
/// out is what went in, but for what is documented: half of a surrogate pair is U+FFFD, Test IT gets no NUL, tags become entities.
/// The end-to-end tests do the same with a real test host and twenty times as many.
/// </summary>
[TestClass]
[TestCategory("Promise: strange input")]
public sealed class OddTestTests
{
    private const int Seed = 20260102;
    private const int Count = 1_000;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task A_thousand_odd_tests_come_through_as_they_are()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { AutoClose = false, RecordBodies = false });
        TestItStandIn.TestRun run = testIt.AddRun();
        await using RunningServer server = await RunningServer.StartAsync(embedded: true, testIt: testIt);
        var random = new Random(Seed);
        List<MailedResult> sent = [.. Enumerable.Range(0, Count).Select(i => MailedResults.Of(OddTests.Next(random, i), DateTimeOffset.UnixEpoch.AddYears(50)))];
        Run known = server.Runs.Open(run.Id);
        using (var worker = new MailingWorker(known.Folder.MailDirectory, run.Id, "odd"))
        {
            for (int i = 0; i < Count; i++)
            {
                worker.Send(sent[i], i);
            }

            worker.Complete();
        }

        using var mailbox = new Mailbox(known, [known.Folder.MailDirectory], LocalCoordinator.Instance, server.Log);
        await mailbox.PollAsync();
        using var client = new SyncStorageClient(server.Url, RunningServer.Secret);
        // At once: the grace period is for official workers.
        Assert.IsTrue((await client.ForceCompletionAsync(run.Id, default)).Completed);

        string[] lines = File.ReadAllLines(server.Runs.All.Single().Folder.ResultsPath);
        Assert.HasCount(Count, lines);
        for (int i = 0; i < Count; i++)
        {
            AssertStored(sent[i], JsonSerializer.Deserialize(lines[i], WireJson.Default.ObservedResult)!, $"seed {Seed}, result {i}");
            Assert.Contains("\"delivery\":\"sent\"", lines[i], $"seed {Seed}, result {i}");
        }

        Assert.AreEqual("", string.Join("\n", testIt.Violations.Take(5)), $"seed {Seed}");
        Dictionary<string, ResultRow> rows = run.Rows.ToDictionary(row => row.ExternalId);
        for (int i = 0; i < Count; i++)
        {
            Assert.AreEqual(OddTests.InTestIt(sent[i].Message), rows["odd-" + i].Message ?? "", $"seed {Seed}, message {i}");
            Assert.AreEqual(OddTests.InTestIt(sent[i].Trace), rows["odd-" + i].Traces ?? "", $"seed {Seed}, trace {i}");
        }

        Assert.IsEmpty(testIt.AutoTests.Where(test => string.IsNullOrWhiteSpace(test.Name)).ToList());
        TestContext.WriteLine($"cases: {Count}");
    }

    private static void AssertStored(MailedResult expected, ObservedResult stored, string which)
    {
        Assert.AreEqual(OddTests.WellFormed(expected.Test.FullyQualifiedName), stored.FullyQualifiedName, which);
        Assert.AreEqual(OddTests.WellFormed(expected.DisplayName), stored.DisplayName, which);
        Assert.AreEqual(OddTests.WellFormed(expected.Test.DisplayName), stored.TestCaseDisplayName, which);
        Assert.AreEqual(OddTests.WellFormed(expected.Test.Source), stored.Source, which);
        Assert.AreEqual(OddTests.WellFormed(expected.Message), stored.Message ?? "", which);
        Assert.AreEqual(OddTests.WellFormed(expected.Trace), stored.Trace ?? "", which);
        Assert.AreEqual(expected.Outcome, stored.Outcome, which);
        Assert.AreEqual((expected.StartedOn, expected.CompletedOn, expected.DurationMs), (stored.StartedOn, stored.CompletedOn, stored.DurationMs), which);
        CollectionAssert.AreEqual(
            expected.Test.Traits.Select(trait => (OddTests.WellFormed(trait.Name), OddTests.WellFormed(trait.Value))).ToList(),
            stored.Traits.Select(trait => (trait.Name, trait.Value)).ToList(),
            which);
    }
}

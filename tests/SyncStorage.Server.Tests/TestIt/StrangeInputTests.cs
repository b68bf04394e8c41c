using SyncStorage.Results;
using SyncStorage.Server.Results;
using TestItStandIn;
using static SyncStorage.Server.Tests.TestIt.PublisherFixture;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
[TestCategory("Promise: strange input")]
public sealed class StrangeInputTests
{
    private static readonly string[] Pieces =
    [
        "a", " ", "", "\0", "\u0001", "\ud800", "\udc00", "\ud83d\ude00", "<b>", "</script>", "<", ">", "&lt;", "\"", "'", "\\", "/", "../", "(", ")", ",", "{x}", "{", "}", "\n", "\r\n",
        "TmsStep: {", "TmsStep: {}", "TmsStep: {\"Guid\":\"x\"}\n", "TmsStepLinks: [1,null,{}]\n", "TmsParameters: {\"a\":null}\n", "TmsStepAttachmentAsText: {\"Name\":\"\\n\\u0000\",\"Content\":\"c\"}\n",
        "TmsStepResult: {\"Guid\":null}\n", "TmsStepAttachment: {\"PathToFile\":\"\\u0000\"}\n", "ж", "漢", "\u202e", "\ufeff", ".", "+", "`1", "[{\"url\":5}]", "[", ": ", "null",
    ];

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public async Task However_odd_a_result_is_it_is_delivered_or_rejected_and_stops_no_other(int seed)
    {
        const int count = 400;
        // A fixed seed: what fails once fails again.
        var random = new Random(seed);
        await using PublisherFixture run = await StartAsync(new TestItOptions { AutoClose = false });
        run.Publisher.ReleaseOthers();
        for (int i = 0; i < count; i++)
        {
            run.Publish(new ObservedResult
            {
                TestCaseId = i.ToString(System.Globalization.CultureInfo.InvariantCulture),
                FullyQualifiedName = Text(),
                DisplayName = Text(),
                TestCaseDisplayName = Text(),
                ManagedType = random.Next(2) == 0 ? null : Text(),
                ExecutorUri = random.Next(3) switch { 0 => "executor://xunit/x", 1 => "executor://nunit3", _ => Text() },
                Source = random.Next(2) == 0 ? typeof(StrangeInputTests).Assembly.Location : Text(),
                Outcome = random.Next(3) switch { 0 => "Passed", 1 => "Failed", _ => Text() },
                StartedOn = random.Next(9) switch { 0 => DateTimeOffset.MinValue, 1 => DateTimeOffset.MaxValue, _ => DateTimeOffset.UtcNow },
                CompletedOn = random.Next(9) == 0 ? DateTimeOffset.MinValue : DateTimeOffset.UtcNow,
                DurationMs = random.NextInt64(long.MinValue, long.MaxValue),
                Message = random.Next(50) == 0 ? new string('<', 1_000_000) : Text(),
                Trace = Text(),
                StandardOutput = Text() + Text() + Text(),
                StandardError = Text(),
                Attachments = random.Next(5) == 0 ? [Text()] : [],
                Traits = [.. Enumerable.Range(0, random.Next(4)).Select(_ => new ResultTrait { Name = new[] { "ExternalId", "Title", "Labels", "Tags", "Links", "WorkItemIds", "DisplayName", "Description", Text() }[random.Next(9)], Value = Text() })],
            });
        }

        await run.CompleteAsync(seconds: 60);
        Assert.AreEqual(count, run.Log.Count(Delivery.Sent) + run.Log.Count(Delivery.Rejected), run.NoticesText[..Math.Min(3000, run.NoticesText.Length)]);
        Assert.IsEmpty(run.Log.Codes.Where(code => code is not ("SYNC0014" or "SYNC0020" or "SYNC0021")).ToList(), run.NoticesText[..Math.Min(3000, run.NoticesText.Length)]);
        Assert.IsLessThan(count / 10, run.Log.Count(Delivery.Rejected), string.Join("\n", run.Log.Deliveries.Values.Where(one => one.Delivery == Delivery.Rejected).Select(one => one.Reason).Take(20)));
        Assert.AreEqual("", string.Join("\n", run.TestIt.Violations.Take(5)));

        string Text() => string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => Pieces[random.Next(Pieces.Length)]));
    }
}

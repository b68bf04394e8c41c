using SyncStorage.Protocol;
using SyncStorage.Server.TestIt;
using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.Tests.TestIt;

/// <summary>Rows of one autotest, one word each: status, parameters, and what its writer left.</summary>
[TestClass]
public sealed class HeldRowTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 10, 0, 0, TimeSpan.Zero);

    private const string Nothing = "final already";
    private const string Unclear = "unclear";

    [TestMethod]
    [DataRow("final:", Nothing, DisplayName = "the client wrote the final row itself")]
    [DataRow("final: open:a=1", Nothing, DisplayName = "and a planned row with other parameters is not its")]
    [DataRow("final:@cut open:a=1#point", Nothing, DisplayName = "also one of the plan")]
    [DataRow("final:a=1@cut open:a=1", Nothing, DisplayName = "and a server that does not merge kept the planned row beside it")]
    [DataRow("final:a=1@cut open:a=1@cut", Nothing, DisplayName = "or the one that the client had posted first")]
    [DataRow("final:a=2@other open:a=1@cut", "a=1", DisplayName = "held back in modes 1 and 2 beside a row of the same test")]
    [DataRow("final:a=2 open:a=1+duration", "a=1", DisplayName = "the same on a server that tells no times")]
    [DataRow("final:a=2@other open:a=1#point", "a=1", DisplayName = "held back in mode 0 by an adapter that leaves the planned row to us")]
    [DataRow("final:a=2@other open:a=1#point open:a=3#point", Unclear, DisplayName = "two of them")]
    [DataRow("open:a=1 open:a=2", Unclear, DisplayName = "planned rows that nothing tells apart")]
    [DataRow("open:a=1@other open:a=2@cut", "a=2", DisplayName = "the one that started when the cut says")]
    [DataRow("open: open:a=1#point", "a=1", DisplayName = "the one of a test point")]
    [DataRow("open:a=1@cut open:a=1#point", "a=1#point", DisplayName = "of two of the same parameters as well")]
    [DataRow("open:a=1@cut open:a=2#point", "a=1", DisplayName = "but not with other parameters")]
    [DataRow("pending:a=1", "a=1", DisplayName = "a row that is pending is open too")]
    public void A_row_is_chosen_only_when_it_is_known_to_be_the_held_one(string rows, string chosen)
    {
        List<ResultDetails> made = [.. Array.ConvertAll(rows.Split(' '), Make)];
        foreach (bool reversed in new[] { false, true })
        {
            made.Reverse();
            HeldRow row = HeldRow.Choose(made, new TestResultCut { AutoTestExternalId = "x", StartedOn = "2026-01-01T10:00:00Z" });
            string answer = row.IsUnclear ? Unclear : row.IsFinal ? Nothing : row.Id!.Split(':')[1].Split('@')[0].Split('+')[0];
            Assert.AreEqual(chosen, chosen.Contains('#', StringComparison.Ordinal) ? answer : answer.Split('#')[0]);
        }
    }

    [TestMethod]
    [DataRow("2026-01-01T10:00:00", DisplayName = "without offset")]
    [DataRow("2026-01-01T13:00:00.0004+03:00", DisplayName = "with another offset and finer than Test IT keeps it")]
    public void Times_are_compared_as_times(string startedOn)
    {
        ResultDetails[] rows = [Make("open:a=1@other"), Make("open:a=2@cut")];
        Assert.AreEqual(rows[1].Id, HeldRow.Choose(rows, new TestResultCut { StartedOn = startedOn }).Id);
    }

    [TestMethod]
    [DataRow("final:a=2@other open:a=1", Nothing)]
    [DataRow("final:a=2@other open:a=1#point", Nothing)]
    [DataRow("final:a=2@other open:a=1@other", "open:a=1@other")]
    public void A_cut_that_does_not_say_when_it_started_leaves_planned_rows_alone(string rows, string chosen)
        => Assert.AreEqual(chosen, HeldRow.Choose([.. Array.ConvertAll(rows.Split(' '), Make)], new TestResultCut()).Id ?? Nothing);

    private static ResultDetails Make(string text)
    {
        string[] words = text.Split(':', '@', '#', '+');
        string[] parameter = words[1].Split('=');
        return new ResultDetails
        {
            Id = text,
            Status = new StatusModel { Type = words[0] switch { "final" => "Failed", "pending" => "Pending", _ => "InProgress" } },
            Parameters = parameter.Length == 1 ? null : new Dictionary<string, string> { [parameter[0]] = parameter[1] },
            StartedOn = text.Contains("@cut", StringComparison.Ordinal) ? Start : text.Contains("@other", StringComparison.Ordinal) ? Start.AddSeconds(2) : null,
            TestPointId = text.Contains("#point", StringComparison.Ordinal) ? Guid.NewGuid().ToString() : Guid.Empty.ToString(),
            DurationInMs = text.Contains("+duration", StringComparison.Ordinal) ? 5 : null,
        };
    }
}

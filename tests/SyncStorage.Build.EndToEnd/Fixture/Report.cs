using System.Text.Json;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>report.json and results.jsonl as a user's script would read them.</summary>
public sealed record Report(string Folder, string TestRunId, string? TestRunUrl, string State, DateTimeOffset StartedOn, DateTimeOffset? CompletedOn, IReadOnlyList<Worker> Workers, InProgress? InProgress, Counts Results)
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    public IReadOnlyList<ResultLine> Lines => File.ReadLines(Path.Combine(Folder, "results.jsonl"))
        .Select(line => JsonSerializer.Deserialize<ResultLine>(line, Web)!).ToList();

    /// <summary>Empty where the run was another call's, and only its report was brought here.</summary>
    public string Log => Path.Combine(Folder, "server.log") is var path && File.Exists(path) ? File.ReadAllText(path) : "";

    public static Report Read(string path)
        => JsonSerializer.Deserialize<Report>(File.ReadAllText(path), Web)! with { Folder = Path.GetDirectoryName(path)! };

    /// <summary>What holds for every run that ended normally.</summary>
    public Report AssertWhole()
    {
        Assert.AreEqual("completed", State);
        Assert.AreEqual(Workers.Count == 0 ? 0 : 1, Workers.Count(w => w.IsMaster), "masters");
        Assert.AreEqual(Results.Observed, Results.Sent + Results.Spooled + Results.Rejected, "observed = sent + spooled + rejected");
        Assert.AreEqual(Results.Observed, Lines.Count, "lines in results.jsonl");
        Assert.AreEqual(Results.Observed, Results.Outcomes.Passed + Results.Outcomes.Failed + Results.Outcomes.Skipped, "outcomes");
        Assert.AreEqual(Lines.Count(line => line.Recovered), Results.Recovered, "recovered, always there");
        Assert.AreEqual(Workers.Count, Workers.Select(w => w.Pid).Distinct().Count(), "worker pids are unique");
        if (Results.Observed > 0)
        {
            Assert.IsNotNull(InProgress, "held result");
            Assert.IsTrue(InProgress.Finalized, "held result is final");
        }

        return this;
    }
}

public sealed record Worker(string Pid, string Project, string TargetFramework, bool IsMaster, string Status);

public sealed record InProgress(string AutoTestExternalId, string StatusType, bool Finalized);

public sealed record Counts(int Observed, int Sent, int Spooled, int Rejected, Outcomes Outcomes, int? Recovered);

public sealed record Outcomes(int Passed, int Failed, int Skipped);

public sealed record ResultLine(string Worker, string AutoTestExternalId, string FullyQualifiedName, string DisplayName, string Outcome, long DurationMs, string? Message, string Delivery, bool Recovered);

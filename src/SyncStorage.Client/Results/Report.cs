using System.Text.Json;
using System.Text.Json.Serialization;
using SyncStorage.Sessions;

namespace SyncStorage.Results;

/// <summary>report.json, written by the server and read by everybody else. Its names are a contract: see the README.</summary>
internal sealed record Report
{
    // Those with an initial value are set, not initialised: generated code would give the initialised ones null where a report has none.
    [JsonPropertyName("testRunId")] public string TestRunId { get; init; } = "";
    [JsonPropertyName("testRunUrl")] public string? TestRunUrl { get; init; }
    [JsonPropertyName("state")] public string State { get; init; } = "";
    [JsonPropertyName("startedOn")] public DateTimeOffset StartedOn { get; init; }
    [JsonPropertyName("completedOn")] public DateTimeOffset? CompletedOn { get; init; }
    [JsonPropertyName("workers")] public IReadOnlyList<ReportedWorker> Workers { get; set; } = [];
    [JsonPropertyName("inProgress")] public ReportedHeldResult? InProgress { get; init; }
    [JsonPropertyName("results")] public ReportedResults Results { get; set; } = new();

    /// <summary>What the user should know: <c>code</c> (null for information) and <c>message</c>.</summary>
    [JsonPropertyName("notices")] public IReadOnlyList<Diagnostic> Notices { get; set; } = [];

    [JsonIgnore] public bool IsFinal => State != "running";

    /// <exception cref="JsonException">It is no report.</exception>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static Report Read(string path)
        => JsonSerializer.Deserialize(SharedFile.Read(path) ?? throw new FileNotFoundException("There is no report.", path), ReportJson.Default.Report)
            ?? throw new JsonException($"{path} is null.");
}

internal sealed record ReportedWorker
{
    [JsonPropertyName("pid")] public string Pid { get; init; } = "";
    [JsonPropertyName("project")] public string? Project { get; init; }
    [JsonPropertyName("targetFramework")] public string? TargetFramework { get; init; }
    [JsonPropertyName("isMaster")] public bool IsMaster { get; init; }

    /// <summary>in_progress, completed or lost.</summary>
    [JsonPropertyName("status")] public string Status { get; init; } = "";

    /// <summary>
    /// The worker is done, and nothing will become of its results before the run ends that is not known now. SyncStorageFailOnError waits for it:
    /// that nothing has been sent yet looks like everything spooled in the counts.
    /// </summary>
    [JsonPropertyName("settled")] public bool Settled { get; init; }

    /// <summary>Its results that are not in Test IT, though nothing but trouble keeps them.</summary>
    [JsonPropertyName("spooled")] public long Spooled { get; init; }
}

internal sealed record ReportedHeldResult
{
    [JsonPropertyName("autoTestExternalId")] public string? AutoTestExternalId { get; init; }
    [JsonPropertyName("statusType")] public string? StatusType { get; init; }
    [JsonPropertyName("finalized")] public bool Finalized { get; init; }
}

/// <summary>observed = sent + spooled + rejected, always: what is on its way counts as spooled until it has arrived.</summary>
internal sealed record ReportedResults
{
    [JsonPropertyName("observed")] public long Observed { get; init; }
    [JsonPropertyName("sent")] public long Sent { get; init; }
    [JsonPropertyName("spooled")] public long Spooled { get; init; }
    [JsonPropertyName("rejected")] public long Rejected { get; init; }
    [JsonPropertyName("outcomes")] public ReportedOutcomes Outcomes { get; init; } = new();

    /// <summary>How many of the observed ones only a data collector knew of, because their test host was gone.</summary>
    [JsonPropertyName("recovered")] public long Recovered { get; init; }
}

internal sealed record ReportedOutcomes
{
    [JsonPropertyName("passed")] public long Passed { get; init; }
    [JsonPropertyName("failed")] public long Failed { get; init; }
    [JsonPropertyName("skipped")] public long Skipped { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Report))]
internal sealed partial class ReportJson : JsonSerializerContext;

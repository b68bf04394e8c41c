using System.Text.Json.Nodes;

namespace TestItStandIn;

/// <summary>One request as it came in.</summary>
public sealed record RecordedRequest(string Method, string Path, string Query, string? Body, int BodyBytes, DateTimeOffset At)
{
    /// <summary>0 while unanswered or cut.</summary>
    public int Status { get; set; }

    public int AnswerBytes { get; set; }

    public override string ToString() => $"{Method} {Path}{Query} -> {Status}";
}

public sealed class TestRun
{
    public required string Id { get; init; }
    public required string Name { get; set; }
    public required string ProjectId { get; init; }
    public string State { get; set; } = "NotStarted";
    public string? Description { get; set; }
    public string? LaunchSource { get; set; }
    public JsonArray Links { get; set; } = [];
    public JsonArray Tags { get; set; } = [];
    public DateTimeOffset CreatedOn { get; } = DateTimeOffset.UtcNow;
    public DateTimeOffset? StartedOn { get; set; }
    public DateTimeOffset? CompletedOn { get; set; }

    /// <summary>In the order of their creation.</summary>
    public List<ResultRow> Rows { get; } = [];

    /// <summary>How often a result was posted to this run as InProgress to hold it open.</summary>
    public int HeldPosts { get; set; }

    /// <summary>How often a result was posted as InProgress because an open row would have swallowed a final one.</summary>
    public int EvadingPosts { get; set; }

    internal Dictionary<string, ResultRow> ByKey { get; } = [];

    public bool IsOver => State is "Completed" or "Stopped";
}

public sealed class ResultRow
{
    public required string Id { get; init; }
    public required string ExternalId { get; init; }
    public required string ConfigurationId { get; init; }
    public required string RunId { get; init; }
    public IReadOnlyDictionary<string, string> Parameters { get; set; } = new Dictionary<string, string>();
    public string StatusType { get; set; } = "InProgress";
    public string StatusCode { get; set; } = "InProgress";

    /// <summary>Null for a row that belongs to no test plan.</summary>
    public string? TestPointId { get; init; }

    /// <summary>The body of the POST that made or took over the row.</summary>
    public JsonObject Body { get; set; } = [];

    public string? Message { get; set; }
    public string? Traces { get; set; }
    public long? Duration { get; set; }
    public int Updates { get; set; }
    public DateTimeOffset CreatedOn { get; } = DateTimeOffset.UtcNow;

    public bool IsInProgress => StatusType is "InProgress" or "Pending";

    /// <summary>The result of this row was posted; false for a planned row that waits for one.</summary>
    public bool HasResult { get; set; }

    /// <summary>"Test {name=value}: Status", what a test compares: which result stands in which row.</summary>
    public string Describe(string test)
        => $"{test} {{{string.Join(", ", Parameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"))}}}: {StatusType}";

    /// <summary>What makes a row of a run unique.</summary>
    public string Key => MakeKey(ExternalId, ConfigurationId, Parameters);

    public static string MakeKey(string externalId, string configurationId, IReadOnlyDictionary<string, string> parameters)
        => string.Join('\n', parameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Key + "=" + p.Value).Prepend(configurationId).Prepend(externalId));
}

public sealed class AutoTest
{
    public required string Id { get; init; }
    public required long GlobalId { get; init; }
    public required string ExternalId { get; init; }
    public required string ProjectId { get; init; }

    /// <summary>The body of the last create or update.</summary>
    public required JsonObject Body { get; set; }

    public int Updates { get; set; }
    public HashSet<string> WorkItems { get; } = [];

    public string? Name => Body["name"]?.GetValue<string>();
    public string? Namespace => Body["namespace"]?.GetValue<string>();
    public string? ClassName => Body["classname"]?.GetValue<string>();
}

public sealed record UploadedFile(string Id, string Name, long Size);

/// <summary>The request is refused with this status.</summary>
internal sealed class RefusedException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;
}

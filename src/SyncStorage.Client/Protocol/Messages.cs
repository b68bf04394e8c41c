using System.Text.Json.Serialization;
using SyncStorage.Results;

namespace SyncStorage.Protocol;

/// <summary>
/// POST /register. The first four members are the official protocol; the others are ours, and a service that does not
/// know them ignores them. A class, not a record: a printed record would print the token.
/// </summary>
internal sealed class RegisterRequest
{
    [JsonPropertyName("pid")] public string? Pid { get; init; }
    [JsonPropertyName("testRunId")] public string? TestRunId { get; init; }
    [JsonPropertyName("baseUrl")] public string? BaseUrl { get; init; }

    /// <summary>Only official clients fill it; ours never send a token.</summary>
    [JsonPropertyName("privateToken")] public string? PrivateToken { get; init; }

    /// <summary>Name of the test project; absent for official clients.</summary>
    [JsonPropertyName("project")] public string? Project { get; init; }

    /// <summary>Short target framework such as net10.0; absent for official clients.</summary>
    [JsonPropertyName("targetFramework")] public string? TargetFramework { get; init; }

    /// <summary>Which half of the worker registers: see <see cref="WorkerPart"/>; absent for official clients.</summary>
    [JsonPropertyName("part")] public string? Part { get; init; }

    /// <summary>Operating system process of the part; the server watches it, so that a killed worker is noticed at once.</summary>
    [JsonPropertyName("processId")] public int? ProcessId { get; init; }
}

/// <summary>
/// The parts of one worker: the collector lives in datacollector, the logger in vstest.console. A worker of the library
/// has one part only; naming it tells the server that its statuses are exact, so that no grace period is needed.
/// </summary>
internal static class WorkerPart
{
    public const string Library = "library";
    public const string Collector = "collector";
    public const string Logger = "logger";
}

internal sealed record RegisterResponse
{
    [JsonPropertyName("status")] public string? Status { get; init; }
    [JsonPropertyName("message")] public string? Message { get; init; }
    [JsonPropertyName("pid")] public string? Pid { get; init; }
    [JsonPropertyName("testRunId")] public string? TestRunId { get; init; }
    [JsonPropertyName("is_master")] public bool IsMaster { get; init; }
}

/// <summary>POST /set_worker_status. <see cref="Part"/> is ours.</summary>
internal sealed record WorkerStatusRequest
{
    [JsonPropertyName("pid")] public string? Pid { get; init; }
    [JsonPropertyName("status")] public string? Status { get; init; }
    [JsonPropertyName("testRunId")] public string? TestRunId { get; init; }

    /// <summary>Which half of the worker speaks; a worker is completed when all its registered parts are.</summary>
    [JsonPropertyName("part")] public string? Part { get; init; }
}

internal static class WorkerStatus
{
    public const string InProgress = "in_progress";
    public const string Completed = "completed";

    /// <summary>Only in reports: the worker ended without saying so.</summary>
    public const string Lost = "lost";
}

/// <summary>
/// The cut of a result: what Sync Storage keeps of the held-back one, with its FINAL status. The last member is
/// ours: it tells which test case was meant where several results share an external id.
/// </summary>
internal sealed record TestResultCut
{
    [JsonPropertyName("projectId")] public string? ProjectId { get; init; }
    [JsonPropertyName("autoTestExternalId")] public string? AutoTestExternalId { get; init; }
    [JsonPropertyName("statusCode")] public string? StatusCode { get; init; }
    [JsonPropertyName("statusType")] public string? StatusType { get; init; }
    [JsonPropertyName("startedOn")] public string? StartedOn { get; init; }

    /// <summary>Older clients send this word instead of status type and code; newer services never see it from us.</summary>
    [JsonPropertyName("outcome")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Outcome { get; init; }

    /// <summary>VSTest's TestCase.Id; absent for official clients.</summary>
    [JsonPropertyName("testCaseId")] public string? TestCaseId { get; init; }

    /// <summary>The worker that offers the cut; absent for official clients, whose POST carries no pid.</summary>
    [JsonPropertyName("pid")] public string? Pid { get; init; }

    /// <summary>The same with status type and code, also when its client is one that knows the outcome only.</summary>
    public TestResultCut WithStatusOfOutcome()
        => string.IsNullOrEmpty(Outcome) || !string.IsNullOrEmpty(StatusType) || !string.IsNullOrEmpty(StatusCode) ? this with { Outcome = null }
            : this with { Outcome = null, StatusType = TypeOfOutcome, StatusCode = Outcome };

    /// <summary>Null for a word of the project's own: its workflow tells the type.</summary>
    private string? TypeOfOutcome
        => Outcome!.ToUpperInvariant() is "PASSED" or "FAILED" or "SKIPPED" or "BLOCKED" ? TestItStatus.Of(Outcome).Type : null;
}

internal sealed record KeepAliveRequest
{
    [JsonPropertyName("pid")] public string? Pid { get; init; }
    [JsonPropertyName("testRunId")] public string? TestRunId { get; init; }
}

/// <summary>The answer of every route that only acknowledges. Our /in_progress_test_result also says whether the slot was free.</summary>
internal sealed record StatusResponse
{
    [JsonPropertyName("status")] public string Status { get; init; } = "ok";
    [JsonPropertyName("message")] public string? Message { get; init; }

    /// <summary>/in_progress_test_result only: true when THIS cut took the slot. An official service does not send it.</summary>
    [JsonPropertyName("held")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Held { get; init; }
}

internal sealed record HealthResponse
{
    [JsonPropertyName("status")] public string? Status { get; init; }
    [JsonPropertyName("last_update")] public string? LastUpdate { get; init; }

    /// <summary>Ours: "SyncStorage.Server" for an embedded server. How one server recognises another.</summary>
    [JsonPropertyName("server")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Server { get; init; }

    /// <summary>Ours: directory of the invocation that the server belongs to; absent when stand-alone.</summary>
    [JsonPropertyName("session")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Session { get; init; }

    /// <summary>Ours: the runs that the server coordinates.</summary>
    [JsonPropertyName("testRunIds")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? TestRunIds { get; init; }
}

internal sealed record PublishedResponse
{
    [JsonPropertyName("published")] public bool Published { get; init; }
}

internal sealed record CompletionResponse
{
    [JsonPropertyName("completed")] public bool Completed { get; init; }
    [JsonPropertyName("message")] public string? Message { get; init; }
}

using System.Text.Json.Serialization;
using SyncStorage.Protocol;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Runs;

/// <summary>
/// One line of a run's journal: something that has happened. The state of a run is what its events say, so a server that
/// was killed knows it again by reading them. One flat shape, because a journal is read by people too.
/// </summary>
internal sealed record RunEvent
{
    [JsonPropertyName("event")] public string Kind { get; init; } = "";
    [JsonPropertyName("at")] public DateTimeOffset At { get; init; }

    /// <summary>Of the journal, in its first event; null in journals of before there was one.</summary>
    [JsonPropertyName("version")] public int? Version { get; init; }

    [JsonPropertyName("pid")] public string? Pid { get; init; }
    [JsonPropertyName("part")] public string? Part { get; init; }
    [JsonPropertyName("processId")] public int? ProcessId { get; init; }

    /// <summary>When that process was born: tells it from a later one with the same id.</summary>
    [JsonPropertyName("processBirth")] public string? ProcessBirth { get; init; }

    /// <summary>Where a client said that the run lies. Only compared with what the user says: it decides nothing.</summary>
    [JsonPropertyName("baseUrl")] public string? BaseUrl { get; init; }

    /// <summary>Null where the event tells of none.</summary>
    [JsonIgnore] public ProcessIdentity? Process => ProcessId is int id ? new ProcessIdentity(id, ProcessBirth ?? "") : null;

    [JsonPropertyName("project")] public string? Project { get; init; }
    [JsonPropertyName("targetFramework")] public string? TargetFramework { get; init; }
    [JsonPropertyName("status")] public string? Status { get; init; }
    [JsonPropertyName("cut")] public TestResultCut? Cut { get; init; }
    [JsonPropertyName("index")] public long? Index { get; init; }
    [JsonPropertyName("indices")] public long[]? Indices { get; init; }
    [JsonPropertyName("delivery")] public string? Delivery { get; init; }
    [JsonPropertyName("reason")] public string? Reason { get; init; }
    [JsonPropertyName("testRunId")] public string? TestRunId { get; init; }
    [JsonPropertyName("testRunUrl")] public string? TestRunUrl { get; init; }
    [JsonPropertyName("code")] public string? Code { get; init; }
    [JsonPropertyName("text")] public string? Text { get; init; }

    /// <summary>Folder of the invocation whose server opened the run; null when stand-alone.</summary>
    [JsonPropertyName("session")] public string? Session { get; init; }

    /// <summary>Never holds the token, so that a later resend knows where the results belong.</summary>
    [JsonPropertyName("settings")] public RunSettings? Settings { get; init; }

    /// <summary>A journal may have been damaged, or come from elsewhere with a restored artifact: no event is applied that the rules could not have decided.</summary>
    /// <param name="results">How many results the run has; null = not checked.</param>
    /// <returns>Null for an event that makes sense.</returns>
    public string? ReasonWhySenseless(int? results) => Kind switch
    {
        RunEvents.Opened when string.IsNullOrEmpty(TestRunId) => "a run without an id was opened",
        RunEvents.Registered or RunEvents.StatusSet or RunEvents.Lost or RunEvents.MasterElected when string.IsNullOrEmpty(Pid) => $"'{Kind}' names no worker",
        RunEvents.StatusSet when Status is not (WorkerStatus.InProgress or WorkerStatus.Completed or WorkerStatus.Lost) => "a worker's status is none",
        RunEvents.Held when Cut is null => "nothing was held back",
        RunEvents.HeldBound or RunEvents.Delivered when Index is null => $"'{Kind}' names no result",
        RunEvents.Notice when Text is null => "a notice says nothing",
        _ when Index < 0 || Index >= results => $"there is no result {Index}",
        _ when Indices is not null && Array.Exists(Indices, index => index < 0 || index >= results) => "it names a result that is not there",
        _ => null,
    };
}

/// <summary>The words in <see cref="RunEvent.Kind"/>.</summary>
internal static class RunEvents
{
    public const string Opened = "opened";
    public const string Registered = "registered";
    public const string StatusSet = "status";
    public const string Lost = "lost";

    /// <summary>The worker's first ping: from now on its silence means something.</summary>
    public const string Pinged = "pinged";
    public const string MasterElected = "master";

    /// <summary>A cut took the slot.</summary>
    public const string Held = "held";

    /// <summary>The held-back result has been handed over: it has an index.</summary>
    public const string HeldBound = "held-bound";

    /// <summary>The held-back result never came: the slot is free again.</summary>
    public const string HeldReleased = "held-released";
    public const string HeldFinalized = "held-finalized";

    public const string Posting = "posting";
    public const string Delivered = "delivered";
    public const string RunCreated = "run-created";

    /// <summary>A client named Test IT's address.</summary>
    public const string AddressNamed = "address";

    /// <summary>The created run could not be completed in Test IT.</summary>
    public const string LeftOpen = "left-open";

    /// <summary>It is completed after all.</summary>
    public const string Closed = "closed";

    /// <summary>Test IT takes nothing for this run, today or later.</summary>
    public const string Refused = "refused";
    public const string Notice = "notice";

    public const string Completed = "completed";
    public const string Interrupted = "interrupted";
    public const string Reopened = "reopened";
}

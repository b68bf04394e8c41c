using System.Text.Json.Serialization;

namespace SyncStorage.Server.Mail;

/// <summary>The first line of a mail file: which part of which worker writes it (<see cref="SyncStorage.Mail.MailTypes"/>).</summary>
internal sealed record MailedWorker
{
    [JsonPropertyName("pid")] public string? Pid { get; init; }
    [JsonPropertyName("testRunId")] public string? TestRunId { get; init; }
    [JsonPropertyName("part")] public string? Part { get; init; }
    [JsonPropertyName("project")] public string? Project { get; init; }
    [JsonPropertyName("targetFramework")] public string? TargetFramework { get; init; }

    /// <summary>Identity of the session whose server is meant; absent where the mail lies in the session itself.</summary>
    [JsonPropertyName("session")] public string? Session { get; init; }
    [JsonPropertyName("projectFile")] public string? ProjectFile { get; init; }
    [JsonPropertyName("frameworkOfSeveral")] public string? FrameworkOfSeveral { get; init; }
    [JsonPropertyName("processId")] public int? ProcessId { get; init; }
    [JsonPropertyName("processBirth")] public string? ProcessBirth { get; init; }
}

/// <summary>The logger's last line.</summary>
internal sealed record MailedEnd
{
    [JsonPropertyName("at")] public DateTimeOffset? At { get; init; }

    /// <summary>Null when the tests ended by themselves.</summary>
    [JsonPropertyName("status")] public string? Status { get; init; }

    [JsonPropertyName("reason")] public string? Reason { get; init; }
}

/// <summary>Something that an extension could not do, in words.</summary>
internal sealed record MailedTrouble
{
    [JsonPropertyName("text")] public string? Text { get; init; }
}

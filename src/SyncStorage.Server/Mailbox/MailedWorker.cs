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
    [JsonPropertyName("processId")] public int? ProcessId { get; init; }
    [JsonPropertyName("processBirth")] public string? ProcessBirth { get; init; }
}

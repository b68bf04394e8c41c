using System.Collections.Immutable;
using SyncStorage.Results;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Server.TestIt.Content;

namespace SyncStorage.Server.TestIt;

/// <summary>What is sent of one row at once: a result, or several attempts of one test with the last one's outcome and the time of all.</summary>
internal sealed class Shipment
{
    private const long LongestUpdatedDuration = 86_400_000;

    public Shipment(IReadOnlyList<PendingResult> items, ObservedResult last, ResultContent content, Row row, long durationMs, DateTime startedOn)
    {
        Items = items;
        Last = last;
        Content = content;
        Row = row;
        DurationMs = durationMs;
        StartedOn = startedOn;
    }

    public IReadOnlyList<PendingResult> Items { get; }

    /// <summary>The last attempt.</summary>
    public ObservedResult Last { get; }
    public ResultContent Content { get; }
    public Row Row { get; }

    /// <summary>Of all attempts in this shipment.</summary>
    public long DurationMs { get; }

    /// <summary>Of the first attempt.</summary>
    public DateTime StartedOn { get; }

    public IReadOnlyDictionary<TestFile, string> FileIds { get; set; } = ImmutableDictionary<TestFile, string>.Empty;

    /// <summary>Delivered or rejected: nothing is left to do.</summary>
    public bool Done { get; set; }

    public IReadOnlyDictionary<string, string> Parameters => RowRegistry.ParametersOf(Row, Content);

    /// <summary>The newest unclear failure among the attempts; null when all are clear.</summary>
    public int? UnclearSince => Items.Max(item => item.UnclearSince);

    public ResultModel ToPost(string configurationId, SentStatus status) => new()
    {
        ConfigurationId = configurationId,
        AutoTestExternalId = Content.ExternalId,
        StatusType = status.Type,
        StatusCode = status.Code,
        Message = Content.Message,
        Traces = Content.Traces,
        StartedOn = StartedOn,
        CompletedOn = Content.CompletedOn < StartedOn ? StartedOn : Content.CompletedOn,
        Duration = DurationMs,
        Parameters = Parameters is { Count: > 0 } parameters ? parameters : null,
        Links = Content.Links.Count > 0 ? Content.Links : null,
        Attachments = ResultContent.Ids(Content.Files, FileIds),
        StepResults = ResultContent.ToStepResults(Content.Steps, FileIds),
        SetupResults = ResultContent.ToStepResults(Content.Setup, FileIds),
        TeardownResults = ResultContent.ToStepResults(Content.Teardown, FileIds),
    };

    /// <summary>
    /// For a row that is there already: status and what belongs to the last attempt, the time added up. Test IT takes no times, parameters
    /// and steps in an update (those that its model has would destroy the row's own), so the steps are told in words, and their files hang on
    /// the result itself.
    /// </summary>
    public ResultUpdateModel ToUpdate(SentStatus status) => new()
    {
        StatusType = status.Type,
        StatusCode = status.Code,
        Message = Content.Message,
        Trace = Content.TracesWithSteps,
        Duration = Math.Min(Row.SentDurationMs + DurationMs, LongestUpdatedDuration),
        Attachments = ResultContent.Ids([.. Content.Files, .. TestStep.FilesOf(Content.Steps)], FileIds),
        Links = Content.Links.Count > 0 ? Content.Links : null,
        SetupResults = ResultContent.ToStepResults(Content.Setup, FileIds),
        TeardownResults = ResultContent.ToStepResults(Content.Teardown, FileIds),
    };
}

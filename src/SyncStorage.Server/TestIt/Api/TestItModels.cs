using System.Text.Json.Serialization;

namespace SyncStorage.Server.TestIt.Api;

// Bodies of Test IT's API, cut down to the members that are used. A member that is null is left out: the API's schemas are
// closed, and null is not the same as absent to it (steps of an autotest, for one).

internal sealed record IdModel(string Id);

internal sealed record LinkModel
{
    public string? Id { get; init; }
    public string? Title { get; init; }
    public string Url { get; init; } = "";
    public string? Description { get; init; }

    /// <summary>Related, BlockedBy, Defect, Issue, Requirement or Repository. Optional in 5.7, required in the cloud.</summary>
    public string? Type { get; init; } = "Related";

    /// <summary>Required by /api/v2 everywhere; /adapters knows it only in links of posted results.</summary>
    public bool? HasInfo { get; init; }
}

internal sealed record StepResultModel
{
    public string? Title { get; init; }
    public string? Description { get; init; }
    public DateTime? StartedOn { get; init; }
    public DateTime? CompletedOn { get; init; }
    public long? Duration { get; init; }
    public string? Outcome { get; init; }
    public IReadOnlyList<StepResultModel>? StepResults { get; init; }
    public IReadOnlyList<IdModel>? Attachments { get; init; }
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }
}

/// <summary>One result of POST testRuns/{id}/testResults.</summary>
internal sealed record ResultModel
{
    public string ConfigurationId { get; init; } = "";
    public string AutoTestExternalId { get; init; } = "";
    public string? StatusCode { get; init; }
    public string? StatusType { get; init; }
    public string? Message { get; init; }
    public string? Traces { get; init; }
    public DateTime? StartedOn { get; init; }
    public DateTime? CompletedOn { get; init; }

    /// <summary>Milliseconds, at most 43 200 000 000.</summary>
    public long? Duration { get; init; }
    public IReadOnlyList<IdModel>? Attachments { get; init; }
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }
    public IReadOnlyList<LinkModel>? Links { get; init; }
    public IReadOnlyList<StepResultModel>? StepResults { get; init; }
    public IReadOnlyList<StepResultModel>? SetupResults { get; init; }
    public IReadOnlyList<StepResultModel>? TeardownResults { get; init; }
}

/// <summary>PUT testResults/{id}. There are no stepResults on purpose: sending them destroys the row's step tree.</summary>
internal sealed record ResultUpdateModel
{
    public string? StatusCode { get; init; }
    public string? StatusType { get; init; }
    public string? Message { get; init; }
    public string? Trace { get; init; }

    /// <summary>Milliseconds, at most 86 400 000 here.</summary>
    public long? Duration { get; init; }
    public IReadOnlyList<IdModel>? Attachments { get; init; }
    public IReadOnlyList<LinkModel>? Links { get; init; }
    public IReadOnlyList<StepResultModel>? SetupResults { get; init; }
    public IReadOnlyList<StepResultModel>? TeardownResults { get; init; }
}

internal sealed record ResultFilterModel
{
    public IReadOnlyList<string>? TestRunIds { get; init; }
    public IReadOnlyList<string>? ConfigurationIds { get; init; }
    public IReadOnlyList<string>? StatusTypes { get; init; }
    public IReadOnlyList<long>? AutoTestGlobalIds { get; init; }
}

/// <summary>A hit of the results' search. It carries neither parameters nor test point: GET the result where they matter.</summary>
internal sealed record ResultHit
{
    public string Id { get; init; } = "";
    public string? AutotestExternalId { get; init; }
    public string? ConfigurationId { get; init; }
    public StatusModel? Status { get; init; }
    public long? Duration { get; init; }

    /// <summary>Older servers fill the outcome only.</summary>
    public string? Outcome { get; init; }

    [JsonIgnore]
    public int TextLength => (Id?.Length ?? 0) + (AutotestExternalId?.Length ?? 0) + (ConfigurationId?.Length ?? 0) + (Status?.Type?.Length ?? 0) + (Status?.Code?.Length ?? 0) + (Outcome?.Length ?? 0);

    [JsonIgnore]
    public string? StatusType => Status?.Type ?? Outcome;
}

internal sealed record StatusModel
{
    public string? Type { get; init; }
    public string? Code { get; init; }
}

internal sealed record ResultDetails
{
    public string Id { get; init; } = "";
    public StatusModel? Status { get; init; }
    public string? Outcome { get; init; }
    public string? TestPointId { get; init; }
    public IdModel? TestPoint { get; init; }
    public long? DurationInMs { get; init; }
    public DateTimeOffset? StartedOn { get; init; }
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }

    [JsonIgnore]
    public string? StatusType => Status?.Type ?? Outcome;

    [JsonIgnore]
    public bool HasTestPoint => TestPoint is not null || (Guid.TryParse(TestPointId, out Guid id) && id != Guid.Empty);
}

internal sealed record StepModel
{
    public string Title { get; init; } = "";
    public string? Description { get; init; }
    public IReadOnlyList<StepModel>? Steps { get; init; }
}

internal sealed record LabelModel
{
    public string Name { get; init; } = "";
}

internal sealed record AutoTestSearchModel(AutoTestFilterModel Filter, AutoTestIncludesModel Includes);

internal sealed record AutoTestFilterModel
{
    public IReadOnlyList<string>? ProjectIds { get; init; }
    public IReadOnlyList<string>? ExternalIds { get; init; }
    public bool? IsDeleted { get; init; }
}

internal sealed record AutoTestIncludesModel
{
    public bool IncludeSteps { get; init; } = true;
    public bool IncludeLinks { get; init; } = true;
    public bool IncludeLabels { get; init; } = true;
}

internal sealed record AutoTestCreateModel
{
    public string ProjectId { get; init; } = "";
    public string ExternalId { get; init; } = "";
    public string Name { get; init; } = "";
    public string? Namespace { get; init; }
    public string? Classname { get; init; }
    public string? Title { get; init; }
    public string? Description { get; init; }
    public IReadOnlyList<StepModel>? Steps { get; init; }
    public IReadOnlyList<StepModel>? Setup { get; init; }
    public IReadOnlyList<StepModel>? Teardown { get; init; }
    public bool? ShouldCreateWorkItem { get; init; }
    public IReadOnlyList<LabelModel>? Labels { get; init; }
    public IReadOnlyList<LinkModel>? Links { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }
}

internal sealed record AutoTestUpdateModel
{
    public string? Id { get; init; }
    public string ProjectId { get; init; } = "";
    public string ExternalId { get; init; } = "";
    public string? ExternalKey { get; init; }
    public string Name { get; init; } = "";
    public string? Namespace { get; init; }
    public string? Classname { get; init; }
    public string? Title { get; init; }
    public string? Description { get; init; }
    public bool? IsFlaky { get; init; }
    public IReadOnlyList<StepModel>? Steps { get; init; }
    public IReadOnlyList<StepModel>? Setup { get; init; }
    public IReadOnlyList<StepModel>? Teardown { get; init; }
    public IReadOnlyList<LabelModel>? Labels { get; init; }
    public IReadOnlyList<LinkModel>? Links { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>/adapters only, and required there.</summary>
    public bool? ResetLayer { get; init; }
}

/// <summary>An autotest as Test IT has it.</summary>
internal sealed record AutoTestDetails
{
    public string Id { get; init; } = "";
    public long? GlobalId { get; init; }
    public string? ExternalId { get; init; }
    public string? ExternalKey { get; init; }
    public string Name { get; init; } = "";
    public string? Namespace { get; init; }
    public string? Classname { get; init; }
    public string? Title { get; init; }
    public string? Description { get; init; }
    public bool? IsFlaky { get; init; }
    public bool? IsDeleted { get; init; }
    public IReadOnlyList<StepModel>? Steps { get; init; }
    public IReadOnlyList<StepModel>? Setup { get; init; }
    public IReadOnlyList<StepModel>? Teardown { get; init; }
    public IReadOnlyList<LabelModel>? Labels { get; init; }
    public IReadOnlyList<LinkModel>? Links { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }
}

internal sealed record WorkItemModel
{
    public string Id { get; init; } = "";
    public long? GlobalId { get; init; }
}

internal sealed record RunCreateModel
{
    public string ProjectId { get; init; } = "";
    public string? Name { get; init; }
    public string? LaunchSource { get; init; }
    public IReadOnlyList<LinkModel>? Links { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }
}

/// <summary>PUT testRuns. Links, tags and attachments are replaced as whole lists.</summary>
internal sealed record RunUpdateModel
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string? Description { get; init; }
    public string? LaunchSource { get; init; }
    public IReadOnlyList<IdModel>? Attachments { get; init; }
    public IReadOnlyList<LinkModel>? Links { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }
}

internal sealed record RunDetails
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string? Description { get; init; }
    public string? LaunchSource { get; init; }

    /// <summary>NotStarted, InProgress, Stopped or Completed.</summary>
    public string? StateName { get; init; }
    public string? ProjectId { get; init; }
    public IReadOnlyList<IdModel>? Attachments { get; init; }
    public IReadOnlyList<LinkModel>? Links { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }

    [JsonIgnore]
    public bool IsOver => StateName is "Completed" or "Stopped";
}

internal sealed record ProjectDetails
{
    public string Id { get; init; } = "";
    public long? GlobalId { get; init; }
    public string? WorkflowId { get; init; }
}

internal sealed record WorkflowDetails
{
    public IReadOnlyList<StatusModel>? Statuses { get; init; }
}

internal sealed record ConfigurationFilterModel
{
    public IReadOnlyList<string>? ProjectIds { get; init; }
    public bool? IsDeleted { get; init; }
}

internal sealed record ConfigurationDetails
{
    public string Id { get; init; } = "";
    public bool? IsDefault { get; init; }
}

/// <summary>An error as ASP.NET describes it; `errors` comes with 400.</summary>
internal sealed record ProblemModel
{
    public string? Title { get; init; }
    public string? Detail { get; init; }
    public string? Message { get; init; }
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors { get; init; }
}

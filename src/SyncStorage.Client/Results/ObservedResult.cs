using System.Text.Json.Serialization;

namespace SyncStorage.Results;

/// <summary>
/// One finished result as VSTest hands it to loggers: raw facts only. What they mean to Test IT (identity, parameters,
/// status) is decided where the result is used.
/// </summary>
internal sealed record ObservedResult
{
    /// <summary>Counts a worker's results from 0. (worker, sequence) recognises a result that was handed over twice.</summary>
    [JsonPropertyName("sequence")] public long Sequence { get; init; }

    /// <summary>VSTest's TestCase.Id, the same in collector and logger.</summary>
    [JsonPropertyName("testCaseId")] public string TestCaseId { get; init; } = "";

    [JsonPropertyName("fullyQualifiedName")] public string FullyQualifiedName { get; init; } = "";

    /// <summary>Display name of the result: for a data row with its arguments, where the framework gives them.</summary>
    [JsonPropertyName("displayName")] public string DisplayName { get; init; } = "";

    /// <summary>Display name of the test case, which rows that VSTest folds into one test case share.</summary>
    [JsonPropertyName("testCaseDisplayName")] public string TestCaseDisplayName { get; init; } = "";

    /// <summary>Which framework's adapter ran it, such as executor://xunit/VsTestRunner2/netcoreapp.</summary>
    [JsonPropertyName("executorUri")] public string ExecutorUri { get; init; } = "";

    /// <summary>Path of the test assembly.</summary>
    [JsonPropertyName("source")] public string Source { get; init; } = "";

    /// <summary>
    /// File of the test project, absolute: two projects may have assemblies of one name. Null where no MSBuild target ran and in results
    /// of earlier versions.
    /// </summary>
    [JsonPropertyName("projectFile")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ProjectFile { get; init; }

    /// <summary>Short target framework of the worker where its project has several, so that all of the project's rows name theirs; else null.</summary>
    [JsonPropertyName("frameworkOfSeveral")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FrameworkOfSeveral { get; init; }

    /// <summary>
    /// How many results of this fully qualified name and display name the worker handed over before. Not 0: another row of the same name,
    /// or a failure beside the test's own result.
    /// </summary>
    [JsonPropertyName("twin")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Twin { get; init; }

    /// <summary>Namespace-qualified type and method of the test, where the adapter gives them.</summary>
    [JsonPropertyName("managedType")] public string? ManagedType { get; init; }
    [JsonPropertyName("managedMethod")] public string? ManagedMethod { get; init; }

    /// <summary>VSTest's word: Passed, Failed, Skipped, None or NotFound.</summary>
    [JsonPropertyName("outcome")] public string Outcome { get; init; } = "None";

    [JsonPropertyName("startedOn")] public DateTimeOffset StartedOn { get; init; }
    [JsonPropertyName("completedOn")] public DateTimeOffset CompletedOn { get; init; }

    /// <summary>Whole milliseconds.</summary>
    [JsonPropertyName("durationMs")] public long DurationMs { get; init; }

    [JsonPropertyName("message")] public string? Message { get; init; }
    [JsonPropertyName("trace")] public string? Trace { get; init; }
    [JsonPropertyName("standardOutput")] public string? StandardOutput { get; init; }
    [JsonPropertyName("standardError")] public string? StandardError { get; init; }

    /// <summary>Paths of files that the test registered with VSTest.</summary>
    [JsonPropertyName("attachments")] public IReadOnlyList<string> Attachments { get; init; } = [];

    [JsonPropertyName("traits")] public IReadOnlyList<ResultTrait> Traits { get; init; } = [];

    /// <summary>True when only a data collector knew of it, because the test host was gone before VSTest had the result.</summary>
    [JsonPropertyName("recovered"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] public bool Recovered { get; init; }
}

/// <summary>A trait, category or test property. A name may occur several times.</summary>
internal sealed record ResultTrait
{
    [JsonPropertyName("name")] public string Name { get; init; } = "";
    [JsonPropertyName("value")] public string Value { get; init; } = "";
}

using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>Nothing more can be sent to this run, whatever is tried: the user has to change a setting. Carries the diagnostic.</summary>
internal sealed class RunUnusableException(string code, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Code of a run that is completed or stopped.</summary>
    public const string OverCode = "SYNC0013";

    public string Code { get; } = code;

    /// <summary>The run itself is over or unknown: without a user's word it is never asked for again.</summary>
    public bool IsForGood { get; private init; }

    public static RunUnusableException TokenRefused(RunSettings settings, TestItException e)
        => new("SYNC0011", $"Test IT at {settings.Url} refused the private token (TMS_PRIVATE_TOKEN, or privateToken in Tms.config.json): {e.Reason} (status {e.Status}). It is not asked again; the results are kept.", e);

    public static RunUnusableException OverBounds(RunSettings settings, TestItException e)
        => new("SYNC0010", $"Test IT at {settings.Url} answers what no Test IT does, so it is not asked again; the results are kept: {e.Message}", e);

    public static RunUnusableException UnknownProject(RunSettings settings, TestItException e)
        => new("SYNC0012", $"Test IT at {settings.Url} does not know project {settings.ProjectId} (TMS_PROJECT_ID, projectId, SyncStorageProjectId): {e.Reason}", e);

    public static RunUnusableException UnknownConfiguration(RunSettings settings, TestItException e)
        => new("SYNC0012", $"Test IT at {settings.Url} does not know configuration {settings.ConfigurationId} (TMS_CONFIGURATION_ID, configurationId, SyncStorageConfigurationId) in the project: {e.Reason}", e);

    public static RunUnusableException UnknownRun(RunSettings settings, string id, TestItException e)
        => new("SYNC0012", $"Test IT at {settings.Url} does not know test run {id} (TMS_TEST_RUN_ID, testRunId, SyncStorageTestRunId): {e.Reason}", e) { IsForGood = true };

    public static RunUnusableException Over(RunSettings settings, RunDetails run, string? reason = null)
        => new(OverCode, $"Test run {run.Id} (TMS_TEST_RUN_ID, testRunId, SyncStorageTestRunId) in Test IT at {settings.Url} is already {run.StateName?.ToLowerInvariant()} and takes no results{(reason is null ? "" : ": " + reason)}.") { IsForGood = true };

    public static RunUnusableException RunRefused(RunSettings settings, TestItException e)
        => new("SYNC0012", $"Test IT at {settings.Url} did not create a test run in project {settings.ProjectId} (TMS_PROJECT_ID, projectId): {e.Reason}", e);
}

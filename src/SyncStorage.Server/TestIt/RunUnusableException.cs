using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>Nothing more can be sent to this run, whatever is tried: the user has to change a setting.</summary>
internal sealed class RunUnusableException(Diagnostic diagnostic, Exception? cause = null) : Exception(diagnostic.Message, cause)
{
    public Diagnostic Diagnostic => diagnostic;

    /// <summary>The run itself is over or unknown: without a user's word it is never asked for again.</summary>
    public bool IsForGood { get; private init; }

    public static RunUnusableException TokenRefused(RunSettings settings, TestItException e)
        => new(Diagnostics.TokenRefused(settings.Url, $"{e.Reason} (status {e.Status}). It is not asked again; the results are kept.", "TMS_PRIVATE_TOKEN, or privateToken in Tms.config.json"), e);

    public static RunUnusableException OverBounds(RunSettings settings, TestItException e) => new(Diagnostics.TestItAnswersOddly(settings.Url, e.Message), e);

    public static RunUnusableException UnknownProject(RunSettings settings, TestItException e) => new(Diagnostics.UnknownProject(settings.Url, settings.ProjectId, e.Reason), e);

    public static RunUnusableException UnknownConfiguration(RunSettings settings, TestItException e)
        => new(Diagnostics.UnknownConfiguration(settings.Url, settings.ConfigurationId, e.Reason), e);

    public static RunUnusableException UnknownRun(RunSettings settings, string id, TestItException e)
        => new(Diagnostics.UnknownRun(settings.Url, id, e.Reason), e) { IsForGood = true };

    public static RunUnusableException Over(RunSettings settings, RunDetails run, string? reason = null)
        => new(Diagnostics.RunIsOver(settings.Url, run.Id, run.StateName?.ToLowerInvariant(), reason is null ? "" : ": " + reason)) { IsForGood = true };

    public static RunUnusableException RunRefused(RunSettings settings, TestItException e) => new(Diagnostics.RunNotCreated(settings.Url, settings.ProjectId, e.Reason), e);

    public static RunUnusableException Denied(RunSettings settings, TestItException e) => new(Diagnostics.RunDenied(settings.Url, settings.TestRunId, e.Message), e);

    /// <summary>A mistake of ours must not take the server down with it; the results are safe in the store.</summary>
    public static RunUnusableException Bug(Exception e) => new(Diagnostics.InternalError("Publishing to Test IT stopped", e.ToString()), e);
}

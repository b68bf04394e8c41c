using Microsoft.Build.Utilities;
using SyncStorage.Settings;

namespace SyncStorage.Build;

/// <summary>
/// Every diagnostic that MSBuild shows, one method a code; the README's table explains them. Warnings become errors with
/// SyncStorageFailOnError, and MSBuild's own NoWarn and WarningsAsErrors know the codes.
/// </summary>
internal sealed class Diagnostics(TaskLoggingHelper log, bool failOnError)
{
    public void TokenAsProperty(string property)
        => Error("SYNC0001", $"The private token was given as the MSBuild property {property}. Properties are written to binary logs, so consider this token leaked: replace it, and set the environment variable TMS_PRIVATE_TOKEN or privateToken in Tms.config.json instead.");

    /// <summary>SYNC0002 or SYNC0017.</summary>
    public void Setting(SettingProblem problem) => Trouble(problem.Code, problem.Message);

    public void ServerNotStarted(string reason)
        => Trouble("SYNC0003", $"Sync Storage could not be started: {reason} The tests run without it.");

    public void DirectoryNotWritable(string directory, string reason, bool publishes)
        => Trouble("SYNC0004", $"SyncStorageDirectory '{directory}' cannot be written: {reason} {(publishes ? "Results go to Test IT; what cannot be sent is lost, and no report is kept." : "The tests run without Sync Storage.")}");

    /// <summary>What the server found out while it ran: its code and text stand in the notice already.</summary>
    public void FromServer(string code, string message) => Trouble(code, message);

    public void NotExpressibleAsFilter(string message) => Trouble("SYNC0016", message);

    /// <param name="userSettings">The user's .runsettings; empty without one.</param>
    public void NotCollecting(string userSettings, string reason)
        => Trouble(
            "SYNC0018",
            $"Sync Storage's data collector is not attached: {(userSettings.Length == 0 ? "" : $"'{userSettings}': ")}{reason}. "
            + "Should a test host crash, the results that it had not reported are lost.");

    public void PlanNotFetched(string reason)
        => Trouble("SYNC0019", $"adapterMode 0: the tests planned in Test IT could not be fetched: {reason} All tests run.");

    public void RunIsShared(string testRunId, string directory)
        => RunStarts($"SYNC0006: Sync Storage: run {testRunId} is coordinated by another 'dotnet test' of yours already; this one takes part. Port, directory and Test IT settings are that one's, log and journal lie in {directory}");

    public void RunStarts(string message) => log.LogMessage(Microsoft.Build.Framework.MessageImportance.High, "{0}", message);

    private void Trouble(string code, string message)
    {
        if (failOnError)
        {
            Error(code, message);
        }
        else
        {
            log.LogWarning(null, code, null, null, null, 0, 0, 0, 0, "{0}", message);
        }
    }

    private void Error(string code, string message)
        => log.LogError(null, code, null, null, null, 0, 0, 0, 0, "{0}", message);
}

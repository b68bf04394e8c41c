using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using SyncStorage.Results;
using SyncStorage.Settings;

namespace SyncStorage.Build;

/// <summary>
/// Every diagnostic that MSBuild shows, one method a code; the README's table explains them. Warnings become errors with
/// SyncStorageFailOnError only: where the user has MSBuild treat warnings as errors they are messages, because trouble of ours must not
/// fail a build whose tests pass.
/// </summary>
internal sealed class Diagnostics(TaskLoggingHelper log, IBuildEngine engine, bool failOnError)
{
    public void TokenAsProperty(string property)
        => Error("SYNC0001", $"The private token was given as the MSBuild property {property}. Properties are written to binary logs, so consider this token leaked: replace it, and set the environment variable TMS_PRIVATE_TOKEN or privateToken in Tms.config.json instead.");

    /// <summary>SYNC0002 or SYNC0017.</summary>
    public void Setting(SettingProblem problem) => Trouble(problem.Code, problem.Message);

    public void ServerNotStarted(string reason)
        => Trouble("SYNC0003", $"Sync Storage could not be started: {reason} The tests run without it.");

    public void Rejected(long count, string report)
        => Trouble("SYNC0014", $"Test IT rejected {count} results; the reasons are in server.log beside {report}.");

    public void NotDelivered(string reason) => Trouble("SYNC0015", $"Results were not delivered: {reason}");

    public void DirectoryNotWritable(string directory, string reason, bool publishes)
        => Trouble("SYNC0004", $"SyncStorageDirectory '{directory}' cannot be written: {reason} {(publishes ? "Results go to Test IT; what cannot be sent is lost, and no report is kept." : "The tests run without Sync Storage.")}");

    /// <summary>What the server found out while it ran: its code and text stand in the notice already.</summary>
    public void FromServer(string code, string message) => Trouble(code, message);

    public void NotDecided(string note) => Trouble("SYNC0016", $"adapterMode 0: {note}.");

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

    public void RunStarts(string message) => log.LogMessage(MessageImportance.High, "{0}", ConsoleText.Escape(message));

    private void Trouble(string code, string message)
    {
        if (failOnError)
        {
            Error(code, message);
        }
        else if (WarningsAsErrors.Of(engine).Contains(engine, code))
        {
            // MSBuild's loggers show the code of a message only beside a file.
            log.LogMessage(null, code, null, engine.ProjectFileOfTaskNode, 0, 0, 0, 0, MessageImportance.High, "{0}", ConsoleText.Escape(message));
        }
        else
        {
            log.LogWarning(null, code, null, null, null, 0, 0, 0, 0, "{0}", ConsoleText.Escape(message));
        }
    }

    private void Error(string code, string message)
        => log.LogError(null, code, null, null, null, 0, 0, 0, 0, "{0}", ConsoleText.Escape(message));
}

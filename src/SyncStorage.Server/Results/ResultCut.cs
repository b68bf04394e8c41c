using System.Globalization;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Settings;

namespace SyncStorage.Server.Results;

/// <summary>The cut of a result: what Sync Storage keeps of the one that is held back, with its final status.</summary>
internal static class ResultCut
{
    /// <param name="externalId">Of the result's autotest, no template.</param>
    public static TestResultCut Of(ObservedResult result, string externalId, string workerPid, RunSettings settings)
    {
        (string type, string code) = result.Outcome switch
        {
            "Passed" => ("Succeeded", "Passed"),
            "Failed" => ("Failed", "Failed"),
            _ => ("Incomplete", "Skipped"),
        };
        return new TestResultCut
        {
            ProjectId = settings.ProjectId,
            AutoTestExternalId = externalId,
            StatusType = type,
            StatusCode = code,
            StartedOn = result.StartedOn.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            TestCaseId = result.TestCaseId,
            Pid = workerPid,
        };
    }
}

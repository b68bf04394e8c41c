using System;
using System.Globalization;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Sessions;
using SyncStorage.VSTest;

namespace SyncStorage.Collector;

/// <summary>Makes the cut out of what a collector sees of a finished test: the test case and its outcome.</summary>
internal static class ResultCutMapper
{
    /// <returns>Null for an id with placeholders: only the result has the values, and it is held back when the logger hands it over.</returns>
    public static TestResultCut? Map(TestCase test, TestOutcome outcome, DateTimeOffset startedOn, WorkerDescription worker)
    {
        TestIdentity identity = TestIdentity.Of(
            test.ExecutorUri?.OriginalString ?? "",
            test.FullyQualifiedName ?? "",
            string.IsNullOrEmpty(test.DisplayName) ? test.FullyQualifiedName ?? "" : test.DisplayName,
            TestCaseFacts.ManagedType(test),
            TestCaseFacts.Traits(test),
            worker.ExternalId);
        if (identity.IsTemplate)
        {
            return null;
        }

        TestItStatus status = TestItStatus.Of(outcome.ToString());
        return new TestResultCut
        {
            ProjectId = worker.ProjectId,
            AutoTestExternalId = identity.ExternalId,
            StatusType = status.Type,
            StatusCode = status.Code,
            StartedOn = startedOn.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            TestCaseId = test.Id.ToString("D"),
            Pid = worker.Pid,
        };
    }
}

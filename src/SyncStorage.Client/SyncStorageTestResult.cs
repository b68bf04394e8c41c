using System.Globalization;
using SyncStorage.Protocol;
using SyncStorage.Results;

namespace SyncStorage;

/// <summary>One finished test, as an adapter writes it to Test IT.</summary>
public sealed class SyncStorageTestResult
{
    private Dictionary<string, object?>? _fields;

    /// <summary>Creates a result.</summary>
    /// <param name="autoTestExternalId">External id of the autotest in Test IT.</param>
    /// <param name="outcome">Passed, Failed or Skipped; compared without case. Any other word counts as without a verdict.</param>
    public SyncStorageTestResult(string autoTestExternalId, string outcome)
    {
        AutoTestExternalId = autoTestExternalId;
        Outcome = outcome;
    }

    /// <summary>External id of the autotest in Test IT.</summary>
    public string AutoTestExternalId { get; }

    /// <summary>Passed, Failed or Skipped; compared without case. Any other word counts as without a verdict.</summary>
    public string Outcome { get; }

    /// <summary>Configuration of Test IT in which the test ran.</summary>
    public string? ConfigurationId { get; set; }

    /// <summary>Project of Test IT; null = the one of the <see cref="SyncStorageConfig"/>.</summary>
    public string? ProjectId { get; set; }

    /// <summary>When the test began.</summary>
    public DateTimeOffset? StartedOn { get; set; }

    /// <summary>When the test ended.</summary>
    public DateTimeOffset? CompletedOn { get; set; }

    /// <summary>Whole milliseconds.</summary>
    public long? Duration { get; set; }

    /// <summary>Whatever else the adapter writes: message, traces, parameters, links. Sync Storage does not look at it.</summary>
    public IDictionary<string, object?> Fields => _fields ??= new Dictionary<string, object?>(StringComparer.Ordinal);

    /// <summary>Status of Test IT that belongs to <see cref="Outcome"/>: Succeeded, Failed or Incomplete.</summary>
    public string StatusType => TestItStatus.Of(Outcome).Type;

    /// <summary>Code of <see cref="StatusType"/> in Test IT's default workflow: Passed, Failed or Skipped.</summary>
    public string? StatusCode => TestItStatus.Of(Outcome).Code;

    /// <summary>External id and outcome.</summary>
    public override string ToString() => $"{AutoTestExternalId}: {Outcome}";

    /// <summary>What Sync Storage keeps of a held-back result; its status is the final one.</summary>
    internal TestResultCut Cut(string? projectId, string workerPid)
    {
        TestItStatus status = TestItStatus.Of(Outcome);
        return new TestResultCut
        {
            ProjectId = ProjectId ?? projectId,
            AutoTestExternalId = AutoTestExternalId,
            StatusCode = status.Code,
            StatusType = status.Type,
            StartedOn = StartedOn?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            Pid = workerPid,
        };
    }
}

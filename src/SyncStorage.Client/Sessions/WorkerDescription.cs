using System;
using System.Diagnostics;
using SyncStorage.Protocol;

namespace SyncStorage.Sessions;

/// <summary>
/// <c>workers/{pid}.json</c>: what MSBuild knows of a test process run and its collector and logger do not. Written by the
/// attaching target, read by both.
/// </summary>
internal sealed record WorkerDescription
{
    public string Pid { get; init; } = "";

    /// <summary>The run that the worker registers for. In adapter mode 2 this is the local id; Test IT's id is the server's business.</summary>
    public string TestRunId { get; init; } = "";

    public string Project { get; init; } = "";
    public string TargetFramework { get; init; } = "";

    /// <summary>Auto, Always or Never (SyncStorageTestEvents).</summary>
    public string TestEvents { get; init; } = "Auto";

    /// <summary>SyncStorageDirectory; a guest spools into a run's folder when the server does not answer.</summary>
    public string Directory { get; init; } = "";

    /// <summary>Where its extensions write (<see cref="Mail.MailAddress"/>).</summary>
    public string MailFolder { get; init; } = "";

    /// <summary>Project of Test IT: the cut names it.</summary>
    public string? ProjectId { get; init; }

    /// <summary>Official or FullyQualifiedName: how external ids are made (SyncStorageExternalId).</summary>
    public string ExternalId { get; init; } = "Official";

    /// <summary>Seconds (SyncStorageStartupTimeout).</summary>
    public int StartupTimeout { get; init; } = 30;

    /// <summary>
    /// Auto: the master's collector watches single tests, to offer the first finished one the moment it is there. That pays where another
    /// service elects, because its slot goes to whoever is first, and where no logger is certain. Our own server holds back what
    /// the master's logger hands over first, which costs no test anything.
    /// </summary>
    public bool HoldsBackEarly { get; init; } = true;

    /// <summary>
    /// Whether MSBuild gives the worker a collector at all. The first worker of a run is the likely master. Should another one be
    /// elected, its first result is held back as well, only a little later: when its logger hands it over.
    /// </summary>
    public bool NeedsCollector(Func<bool> isFirst) => TestEvents switch
    {
        "Always" => true,
        "Never" => false,
        _ => isFirst(),
    };

    /// <summary>How this process registers as a part of the worker.</summary>
    /// <param name="part">See <see cref="WorkerPart"/>.</param>
    public RegisterRequest ToRegistration(string part)
    {
        using var self = Process.GetCurrentProcess();
        return new RegisterRequest
        {
            Pid = Pid,
            TestRunId = TestRunId,
            Project = Project,
            TargetFramework = TargetFramework,
            Part = part,
            ProcessId = self.Id,
        };
    }

    /// <summary>Whether the worker's collector looks at single tests, which costs one to two milliseconds each.</summary>
    public bool WatchesTests(bool isMaster) => TestEvents switch
    {
        "Always" => true,
        "Never" => false,
        _ => isMaster && HoldsBackEarly,
    };
}

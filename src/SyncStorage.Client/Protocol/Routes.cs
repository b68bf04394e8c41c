namespace SyncStorage.Protocol;

/// <summary>Paths of the protocol. The first block is official and open on loopback, the second is ours and asks for the session's secret.</summary>
internal static class Routes
{
    public const int DefaultPort = 49152;

    public const string Health = "/health";
    public const string Register = "/register";
    public const string SetWorkerStatus = "/set_worker_status";
    public const string InProgressTestResult = "/in_progress_test_result";
    public const string InProgressPublished = "/in_progress_published";
    public const string WaitCompletion = "/wait-completion";
    public const string ForceCompletion = "/force-completion";
    public const string Shutdown = "/shutdown";
    public const string KeepAlive = "/keep_alive";

    /// <summary>GET the report of a run (query testRunId) as it stands.</summary>
    public const string State = "/state";

    public const string SecretHeader = "X-SyncStorage-Secret";
}

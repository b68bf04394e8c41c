namespace SyncStorage.Protocol;

/// <summary>Paths of the official protocol.</summary>
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

    /// <summary>Ours: what tells the processes of an invocation, and those who know --secret, from guests.</summary>
    public const string SecretHeader = "X-SyncStorage-Secret";
}

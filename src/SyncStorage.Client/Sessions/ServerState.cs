namespace SyncStorage.Sessions;

/// <summary>
/// <c>server.json</c>: written by the server (atomic rename) once it accepts requests, removed when it stops. Guests wait for
/// this file instead of polling over HTTP: the first HTTP call of a process costs more than the whole wait.
/// </summary>
internal sealed class ServerState
{
    /// <summary>Process of the server that the guests talk to.</summary>
    public int ProcessId { get; init; }

    /// <summary>See <see cref="ProcessIdentity"/>.</summary>
    public string ProcessBirth { get; init; } = "";

    /// <summary>The very process that wrote this lives, so nobody else can listen on its port.</summary>
    public bool IsRunning() => new ProcessIdentity(ProcessId, ProcessBirth).IsAlive;

    /// <summary>Such as http://127.0.0.1:49152.</summary>
    public string Url { get; init; } = "";

    /// <summary>Goes into <see cref="Protocol.Routes.SecretHeader"/>. The file is readable by its owner only.</summary>
    public string Secret { get; init; } = "";

    /// <summary>Where the runs' folders are (SyncStorageDirectory).</summary>
    public string Directory { get; init; } = "";

    /// <summary>What the user should know of the server's start.</summary>
    public Diagnostic[] Notices { get; init; } = [];
}

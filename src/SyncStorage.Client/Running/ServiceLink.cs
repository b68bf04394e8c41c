using SyncStorage.Protocol;
using SyncStorage.Sessions;

namespace SyncStorage.Running;

/// <summary>A Sync Storage that was found, and what keeps it alive while we use it.</summary>
internal sealed class ServiceLink : IDisposable
{
    public ServiceLink(SyncStorageClient client) => Client = client;

    public SyncStorageClient Client { get; }

    /// <summary>True when its answer to an offer says whether this offer took the slot; an official service does not say.</summary>
    public bool TellsHeld { get; init; }

    /// <summary>SyncStorageDirectory of a server of our own; null of another's.</summary>
    public string? Directory { get; init; }

    /// <summary>The session of a server of our own; null for an external service.</summary>
    public Session? OwnSession { get; init; }

    /// <summary>Process of a server of our own.</summary>
    public int ServerProcess { get; init; }

    /// <summary>Keeps an embedded server alive, whose ever it is.</summary>
    public SessionLease? Lease { get; init; }

    public bool IsLoopback => new Uri(Client.Url).IsLoopback;

    /// <summary>Proved to be the current user's, or named by the user: not whoever happens to listen on the port.</summary>
    public bool IsTrusted { get; init; }

    /// <summary>The token is for the service alone: it never leaves the machine unencrypted.</summary>
    public bool IsPrivate => IsLoopback || new Uri(Client.Url).Scheme == Uri.UriSchemeHttps;

    public void Dispose()
    {
        Lease?.Dispose();
        Client.Dispose();
    }
}

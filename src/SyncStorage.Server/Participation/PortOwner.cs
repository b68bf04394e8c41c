using SyncStorage.Protocol;
using SyncStorage.Server.Hosting;

namespace SyncStorage.Server.Participation;

internal enum PortOwnerKind
{
    /// <summary>Something that is no Sync Storage.</summary>
    Stranger,

    /// <summary>A service of the official protocol; our own server stand-alone is one as well.</summary>
    Official,

    /// <summary>The server of another invocation.</summary>
    Embedded,
}

/// <summary>Who listens on the port that we wanted.</summary>
internal sealed record PortOwner(PortOwnerKind Kind, string Url)
{
    // A stranger that accepts and stays silent costs the whole time.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <param name="port">It is taken.</param>
    public static async Task<PortOwner> IdentifyAsync(int port)
    {
        string url = $"http://127.0.0.1:{port}";
        using var client = new SyncStorageClient(url);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            HealthResponse health = await client.HealthAsync(patience.Token).ConfigureAwait(false);
            PortOwnerKind kind = health.Server == Health.ServerName && health.Session is not null ? PortOwnerKind.Embedded
                : string.Equals(health.Status, "ok", StringComparison.OrdinalIgnoreCase) ? PortOwnerKind.Official
                : PortOwnerKind.Stranger;
            return new PortOwner(kind, url);
        }
        catch (Exception e) when (e is SyncStorageClientException or OperationCanceledException)
        {
            // Silent, or speaking something else: a stranger either way.
            return new PortOwner(PortOwnerKind.Stranger, url);
        }
    }
}

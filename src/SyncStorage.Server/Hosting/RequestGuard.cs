using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using SyncStorage.Protocol;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Who may talk to the server. It listens on loopback without authentication, as official clients expect; but a web page in
/// the user's browser can reach loopback as well, directly (then the browser sends Origin) or through a name that resolves
/// to it (then Host is foreign).
/// </summary>
/// <param name="listen">The address given by --listen, or null.</param>
/// <param name="secret">The session's; stand-alone --secret's, or null.</param>
internal sealed class RequestGuard(IPAddress? listen, string? secret)
{
    private readonly byte[]? _secret = secret is null ? null : Encoding.UTF8.GetBytes(secret);

    /// <summary>Stand-alone with --secret: every route but /health asks for it, and so no official adapter gets in.</summary>
    public bool GuardsAll { get; init; }

    /// <summary>--host: the names by which others call this machine.</summary>
    public IReadOnlyCollection<string> Hosts { get; init; } = [];

    // Whoever lets the server listen on all addresses and says no more cannot be asked for the right name.
    private bool AnyHost => Hosts.Count == 0 && listen is not null && (listen.Equals(IPAddress.Any) || listen.Equals(IPAddress.IPv6Any));

    /// <exception cref="Refusal">403.</exception>
    public void Check(HttpRequest request)
    {
        if (request.Headers.Origin.Count > 0)
        {
            throw Refusal.Forbidden("Requests of web pages (with an Origin header) are refused.");
        }

        if (!AnyHost && !IsOurs(request.Host.Host))
        {
            throw Refusal.Forbidden("The Host header names another host than this server; use localhost, 127.0.0.1 or a name of --host.");
        }

        if (GuardsAll && request.Path != Routes.Health)
        {
            CheckSecret(request);
        }
    }

    /// <summary>For what only processes of this invocation may do.</summary>
    /// <exception cref="Refusal">403.</exception>
    public void CheckSecret(HttpRequest request)
    {
        if (_secret is null || !HasSecret(request))
        {
            throw Refusal.Forbidden($"{request.Path} is for those only who know this server's secret ({Routes.SecretHeader}).");
        }
    }

    /// <summary>Stand-alone there is no invocation, and whoever can reach the server may use it.</summary>
    /// <exception cref="Refusal">403.</exception>
    public void CheckSecretIfAny(HttpRequest request)
    {
        if (_secret is not null)
        {
            CheckSecret(request);
        }
    }

    /// <summary>It has the secret, or there is none to have.</summary>
    public bool IsTrusted(HttpRequest request) => _secret is null || HasSecret(request);

    private bool HasSecret(HttpRequest request)
        => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(request.Headers[Routes.SecretHeader].ToString()), _secret);

    private bool IsOurs(string host)
        => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || Hosts.Contains(host.Trim('[', ']'), StringComparer.OrdinalIgnoreCase)
            || IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address)
                && (address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback) || address.Equals(listen));
}

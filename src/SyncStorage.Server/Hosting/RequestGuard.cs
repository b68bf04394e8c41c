using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using SyncStorage.Protocol;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Who may talk to the server: the one place for that rule. It listens on loopback without authentication, as official clients expect; but other
/// accounts of the machine reach loopback too, and so does a web page in the user's browser, directly (then the browser sends Sec-Fetch-Site, mostly
/// Origin as well) or through a name that resolves to it (then Host is foreign).
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

    /// <param name="http">The request.</param>
    /// <param name="path">As it is routed.</param>
    /// <exception cref="Refusal">403.</exception>
    public void Check(HttpContext http, string path)
    {
        HttpRequest request = http.Request;
        if (request.Headers.Origin.Count > 0)
        {
            throw Refusal.Forbidden("Requests of web pages (with an Origin header) are refused.");
        }

        if (!AnyHost && !IsOurs(request.Host.Host))
        {
            throw Refusal.Forbidden("The Host header names another host than this server; use localhost, 127.0.0.1 or a name of --host.");
        }

        if (path == Routes.Health)
        {
            return;
        }

        StringValues site = request.Headers["Sec-Fetch-Site"];
        if (site.Count > 0 && site.ToString() is not ("none" or "same-origin"))
        {
            throw Refusal.Forbidden("Requests that a web page made (Sec-Fetch-Site) are refused.");
        }

        if (IsTrusted(request))
        {
            return;
        }

        // What is left is --secret's server, or a guest of an invocation: an official adapter in the user's own tests.
        if (GuardsAll || path is Routes.Shutdown or Routes.ForceCompletion)
        {
            throw Refusal.Forbidden($"{path} is for those only who know this server's secret ({Routes.SecretHeader}).");
        }

        if (!PeerAccount.IsOurs(http))
        {
            throw Refusal.Forbidden("The server is another user's.");
        }
    }

    /// <summary>It has the secret, or there is none to have: stand-alone whoever can reach the server may use it.</summary>
    public bool IsTrusted(HttpRequest request)
        => _secret is null || CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(request.Headers[Routes.SecretHeader].ToString()), _secret);

    private bool IsOurs(string host)
        => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || Hosts.Contains(host.Trim('[', ']'), StringComparer.OrdinalIgnoreCase)
            || IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address)
                && (address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback) || address.Equals(listen));
}

using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Whether the other end of a connection over loopback belongs to our own account. Linux tells whose every socket is; other systems are not asked.
/// </summary>
internal static class PeerAccount
{
    private static readonly object Key = new();

    /// <summary>Looked up once a connection: its ends never change hands.</summary>
    public static bool IsOurs(HttpContext http)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        IDictionary<object, object?>? known = http.Features.Get<IConnectionItemsFeature>()?.Items;
        if (known?.TryGetValue(Key, out object? before) == true)
        {
            return before is true;
        }

        var client = new IPEndPoint(http.Connection.RemoteIpAddress!, http.Connection.RemotePort);
        var server = new IPEndPoint(http.Connection.LocalIpAddress!, http.Connection.LocalPort);
        // Again, since the kernel hands the table out in pieces, and what moves in between may be missing.
        bool isOurs = AreOfOneAccount(client, server) ?? AreOfOneAccount(client, server) ?? false;
        known?.TryAdd(Key, isOurs);
        return isOurs;
    }

    /// <returns>Null when one of them is not in the table.</returns>
    private static bool? AreOfOneAccount(IPEndPoint client, IPEndPoint server)
        => Find(client, server) is { } theirs && Find(server, client) is { } ours
            // A socket that its process has closed has no inode, and on older kernels root for an owner.
            ? theirs.Owner == ours.Owner && theirs.Inode != "0"
            : null;

    /// <summary>A client may reach an IPv4 address through a socket for IPv6, too.</summary>
    private static (string Owner, string Inode)? Find(IPEndPoint local, IPEndPoint remote)
        => (local.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? FindIn("/proc/net/tcp", Text(local.Address, local), Text(remote.Address, remote)) : null)
            ?? FindIn("/proc/net/tcp6", Text(local.Address.MapToIPv6(), local), Text(remote.Address.MapToIPv6(), remote));

    private static (string Owner, string Inode)? FindIn(string table, string local, string remote)
    {
        string ends = $" {local} {remote} ";
        try
        {
            foreach (string line in File.ReadLines(table).Where(line => line.Contains(ends, StringComparison.Ordinal)))
            {
                // sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode
                string[] columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                return (columns[7], columns[9]);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No IPv6 here, or nobody is told: then nobody is let in either.
        }

        return null;
    }

    /// <summary>As the kernel prints it: in words of the machine's own byte order.</summary>
    private static string Text(IPAddress address, IPEndPoint end)
    {
        byte[] bytes = address.GetAddressBytes();
        IEnumerable<string> words = Enumerable.Range(0, bytes.Length / 4).Select(word => BitConverter.ToUInt32(bytes, word * 4).ToString("X8", CultureInfo.InvariantCulture));
        return string.Create(CultureInfo.InvariantCulture, $"{string.Concat(words)}:{end.Port:X4}");
    }
}

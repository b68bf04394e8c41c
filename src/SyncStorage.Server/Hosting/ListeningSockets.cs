using System.Net;
using System.Net.Sockets;

namespace SyncStorage.Server.Hosting;

/// <summary>The port is in somebody else's hands.</summary>
internal sealed class PortTakenException(int port, Exception cause) : Exception($"Port {port} is in use.", cause);

/// <summary>
/// The sockets of the server, bound and listening before Kestrel is even loaded: a busy port is known at once, and one
/// free port can be had for both loopback addresses (official clients use localhost and 127.0.0.1).
/// </summary>
internal sealed class ListeningSockets : IDisposable
{
    private const int Backlog = 512;
    private const int Attempts = 20;

    private readonly Dictionary<IPAddress, Socket> _sockets = [];

    private ListeningSockets(int port) => Port = port;

    public int Port { get; private set; }

    public IEnumerable<IPEndPoint> EndPoints
    {
        get
        {
            foreach (IPAddress address in _sockets.Keys)
            {
                yield return new IPEndPoint(address, Port);
            }
        }
    }

    /// <param name="port">0 = any free one.</param>
    /// <param name="listen">A further address; null = loopback only.</param>
    /// <exception cref="PortTakenException">Somebody listens there.</exception>
    /// <exception cref="SocketException">There is no such address here, or no permission.</exception>
    public static ListeningSockets Bind(int port, IPAddress? listen)
    {
        for (int attempt = 1; ; attempt++)
        {
            var sockets = new ListeningSockets(port);
            try
            {
                sockets.BindAll(listen);
                return sockets;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                sockets.Dispose();
                if (port != 0 || attempt == Attempts)
                {
                    throw new PortTakenException(sockets.Port, e);
                }

                // The port was free for IPv4 only: try the next one.
            }
            catch
            {
                sockets.Dispose();
                throw;
            }
        }
    }

    public Socket Take(EndPoint endPoint)
    {
        IPAddress address = ((IPEndPoint)endPoint).Address;
        Socket socket = _sockets[address];
        _sockets.Remove(address);
        return socket;
    }

    public void Dispose()
    {
        foreach (Socket socket in _sockets.Values)
        {
            socket.Dispose();
        }
    }

    private void BindAll(IPAddress? listen)
    {
        if (listen is not null)
        {
            Bind(listen);
        }

        if (listen is null || !(listen.Equals(IPAddress.Any) || listen.Equals(IPAddress.IPv6Any) || listen.Equals(IPAddress.Loopback)))
        {
            Bind(IPAddress.Loopback);
        }

        if (Socket.OSSupportsIPv6 && (listen is null || !(listen.Equals(IPAddress.IPv6Any) || listen.Equals(IPAddress.IPv6Loopback))))
        {
            try
            {
                Bind(IPAddress.IPv6Loopback);
            }
            catch (SocketException e) when (e.SocketErrorCode != SocketError.AddressAlreadyInUse)
            {
                // No IPv6 on this machine, as in many containers: then nobody asks for it either.
            }
        }
    }

    private void Bind(IPAddress address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(address, Port));
            // Two can bind one port on Unix as long as neither listens; only listening settles who has it.
            socket.Listen(Backlog);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        Port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        _sockets.Add(address, socket);
    }
}

using SyncStorage.Server.Hosting;

namespace SyncStorage.Server.Participation;

/// <summary>
/// Where an embedded server listens. It prefers SyncStoragePort, because official clients look there; whoever is there already
/// decides what becomes of it.
/// </summary>
internal sealed class PortChoice(ServerOptions options)
{
    private readonly List<Diagnostic> _notices = [];

    public ListeningSockets? Sockets { get; private set; }

    /// <summary>A service of the official protocol that was there first: it coordinates, and is never stopped.</summary>
    public string? Official { get; private set; }

    public IReadOnlyList<Diagnostic> Notices => _notices;

    public async Task ChooseAsync()
    {
        if (TryBind())
        {
            return;
        }

        PortOwner owner = await PortOwner.IdentifyAsync(options.Port).ConfigureAwait(false);
        Sockets = ListeningSockets.Bind(0, null);
        if (owner.Kind == PortOwnerKind.Official && options.Coordinator is null)
        {
            Official = owner.Url;
            _notices.Add(Diagnostics.AnotherCoordinates(options.Port));
        }
        else
        {
            string who = owner.Kind == PortOwnerKind.Embedded ? "another test run" : owner.Kind == PortOwnerKind.Official ? "another Sync Storage" : "another program";
            _notices.Add(Diagnostics.PortTaken(options.Port, who, Sockets.Port));
        }
    }

    private bool TryBind()
    {
        try
        {
            // The port is the binary's then.
            Sockets = ListeningSockets.Bind(options.Executable is null ? options.Port : 0, null);
            return true;
        }
        catch (PortTakenException)
        {
            return false;
        }
    }
}

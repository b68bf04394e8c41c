using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading.Tasks;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Participation;

/// <summary>
/// Where an embedded server listens. It prefers SyncStoragePort, because official clients look there; whoever is there already
/// decides what becomes of it.
/// </summary>
internal sealed class PortChoice(ServerOptions options, Session session, ServerLog log)
{
    // A server that is killed while we ask is back, or gone for good, by then.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly List<string> _notices = [];

    /// <summary>Null when <see cref="Joined"/>.</summary>
    public ListeningSockets? Sockets { get; private set; }

    /// <summary>Another invocation coordinates the run.</summary>
    public JoinedInvocation? Joined { get; private set; }

    /// <summary>A service of the official protocol that was there first: it coordinates, and is never stopped.</summary>
    public string? Official { get; private set; }

    public IReadOnlyList<string> Notices => _notices;

    public async Task ChooseAsync()
    {
        PortOwner? owner;
        var shared = new SharedRun(options, session, log);
        bool mayJoin = options.Coordinator is null && !shared.IsOurs;
        var waited = Stopwatch.StartNew();
        while (true)
        {
            owner = mayJoin && options.Executable is null ? await shared.FindCoordinatorAsync().ConfigureAwait(false) : null;
            if (owner is null && TryBind())
            {
                return;
            }

            owner ??= await PortOwner.IdentifyAsync(options.Port, session).ConfigureAwait(false);
            if (owner.Kind != PortOwnerKind.Stranger || !shared.HasPartners || waited.Elapsed > Patience)
            {
                break;
            }

            await Task.Delay(Pause).ConfigureAwait(false);
        }

        if (owner.Kind == PortOwnerKind.Embedded && mayJoin)
        {
            Joined = await JoinedInvocation.TryAsync(options, session, owner).ConfigureAwait(false);
            if (Joined is not null)
            {
                return;
            }
        }

        Sockets = ListeningSockets.Bind(0, null);
        if (owner.Kind == PortOwnerKind.Official && options.Coordinator is null)
        {
            Official = owner.Url;
            _notices.Add($"SYNC0006: A Sync Storage listens on port {options.Port} already; it coordinates this run.");
        }
        else
        {
            string who = owner.Kind == PortOwnerKind.Embedded ? "another test run" : owner.Kind == PortOwnerKind.Official ? "another Sync Storage" : "another program";
            _notices.Add($"SYNC0005: Port {options.Port} is in use by {who}; this run is coordinated on port {Sockets.Port}.");
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

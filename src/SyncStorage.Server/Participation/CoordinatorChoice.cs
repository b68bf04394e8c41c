using SyncStorage.Server.Hosting;
using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Participation;

/// <summary>Who elects the master of an invocation's runs: this server, unless the user or the port's owner says otherwise.</summary>
internal sealed class CoordinatorChoice : IAsyncDisposable
{
    /// <summary>A service that others use too may wait for their workers; this invocation does not wait for them longer than that.</summary>
    private static readonly TimeSpan SharedPatience = TimeSpan.FromSeconds(30);

    private readonly List<Diagnostic> _notices = [];
    private ForeignCoordinator? _foreign;
    private OfficialBinary? _binary;

    public ICoordinator Coordinator => _foreign is null ? LocalCoordinator.Instance : _foreign;

    public IReadOnlyList<Diagnostic> Notices => _notices;

    /// <param name="options">The command line.</param>
    /// <param name="port">Who has the port.</param>
    /// <param name="run">The first run, for a binary that is to be started.</param>
    /// <param name="log">For what goes wrong.</param>
    /// <param name="time">For deadlines.</param>
    public static async Task<CoordinatorChoice> MakeAsync(ServerOptions options, PortChoice port, RunSettings? run, ServerLog log, TimeProvider time)
    {
        var choice = new CoordinatorChoice();
        if (options.Coordinator is { } given)
        {
            await choice.JoinAsync(given, SharedSecret.Read(), SharedPatience, log, time).ConfigureAwait(false);
        }
        else if (port.Official is { } official)
        {
            await choice.JoinAsync(official, null, SharedPatience, log, time).ConfigureAwait(false);
        }
        else if (options.Executable is { } executable)
        {
            await choice.StartAsync(executable, options, run, log, time).ConfigureAwait(false);
        }

        return choice;
    }

    public async ValueTask DisposeAsync()
    {
        if (_foreign is not null)
        {
            await _foreign.DisposeAsync().ConfigureAwait(false);
        }

        if (_binary is not null)
        {
            await _binary.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task JoinAsync(string url, string? secret, TimeSpan patience, ServerLog log, TimeProvider time)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) || parsed.Scheme is not ("http" or "https"))
        {
            Warn($"SyncStorageUrl is '{url}', which is not an address such as http://host:49152.");
            return;
        }

        _foreign = new ForeignCoordinator(url.TrimEnd('/'), secret, patience, log, time);
        if (await _foreign.ProbeAsync().ConfigureAwait(false) is { } reason)
        {
            Warn($"The Sync Storage at {url} cannot be reached: {reason}.");
        }
    }

    private async Task StartAsync(string path, ServerOptions options, RunSettings? run, ServerLog log, TimeProvider time)
    {
        try
        {
            int port = FreePort(options.Port);
            if (port != options.Port && options.Port != 0)
            {
                PortOwner owner = await PortOwner.IdentifyAsync(options.Port).ConfigureAwait(false);
                if (owner.Kind == PortOwnerKind.Official)
                {
                    // What answers there is taken as the service itself, as official adapters do, and is not ours to stop.
                    _notices.Add(Diagnostics.AnotherCoordinates(options.Port, notStarted: path));
                    await JoinAsync(owner.Url, null, SharedPatience, log, time).ConfigureAwait(false);
                    return;
                }
            }

            string? token = run is { Publish: true } ? PrivateTokenSource.Read(run.ConfigFile) : null;
            _binary = await OfficialBinary.StartAsync(path, port, options.TestRunId, run?.Url, token).ConfigureAwait(false);
            await JoinAsync(_binary.Url, null, options.CompletionTimeout, log, time).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            Warn(e.Message);
        }
    }

    private static int FreePort(int wanted)
    {
        try
        {
            using var sockets = ListeningSockets.Bind(wanted, null);
            return sockets.Port;
        }
        catch (PortTakenException)
        {
            using var sockets = ListeningSockets.Bind(0, null);
            return sockets.Port;
        }
    }

    private void Warn(string reason)
        => _notices.Add(Diagnostics.NoExternalCoordinator(reason));
}

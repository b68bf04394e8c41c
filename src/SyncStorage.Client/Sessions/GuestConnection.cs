using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;

namespace SyncStorage.Sessions;

/// <summary>
/// A guest's way to the session's server. Finds its address in the session's folder, and when nobody answers there looks again: the
/// server may have come back elsewhere. A server that was killed is started again, once per guest. Safe under parallel calls.
/// </summary>
internal sealed class GuestConnection(Session session, TimeSpan startupTimeout, Action<string> warn) : IDisposable
{
    // A server that was started again on its old port asks for another secret.
    private const int Forbidden = 403;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    // An answer takes milliseconds.
    private static readonly TimeSpan LongSilence = TimeSpan.FromMilliseconds(500);

    // A server that is started again reads its journal first.
    private static readonly TimeSpan RestartTimeout = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _finding = new(1, 1);
    private Connected? _current;
    private bool _hasRestarted;

    /// <param name="call">One call of the protocol; repeated when the server was lost, so it must be idempotent.</param>
    /// <param name="deadline">How long an answer may take, not counting the start of the server.</param>
    /// <param name="cancellation">Gives up at once.</param>
    /// <exception cref="SyncStorageClientException">No server, no answer in time, or a refusal.</exception>
    public async Task<T> CallAsync<T>(Func<SyncStorageClient, CancellationToken, Task<T>> call, TimeSpan deadline, CancellationToken cancellation)
    {
        Connected server = await FindAsync(lost: null, cancellation).ConfigureAwait(false);
        try
        {
            return await CallAsync(server, call, deadline, cancellation).ConfigureAwait(false);
        }
        catch (SyncStorageClientException e) when (e.Status == Forbidden || (e.Status is null && e.InnerException is not TimeoutException))
        {
            Connected other = await FindAsync(server, cancellation).ConfigureAwait(false);
            if (other == server)
            {
                throw;
            }

            return await CallAsync(other, call, deadline, cancellation).ConfigureAwait(false);
        }
    }

    public Task CallAsync(Func<SyncStorageClient, CancellationToken, Task> call, TimeSpan deadline, CancellationToken cancellation)
        => CallAsync(
            async (client, token) =>
            {
                await call(client, token).ConfigureAwait(false);
                // A reference, like every other answer: the runtime compiles CallAsync once for all of them.
                return (object?)null;
            },
            deadline,
            cancellation);

    public void Dispose()
    {
        _current?.Client.Dispose();
        _finding.Dispose();
    }

    private async Task<T> CallAsync<T>(Connected server, Func<SyncStorageClient, CancellationToken, Task<T>> call, TimeSpan deadline, CancellationToken cancellation)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(deadline);
        var waited = Stopwatch.StartNew();
        try
        {
            return await call(server.Client, limited.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested && waited.Elapsed >= LongSilence)
        {
            // The tests have ended and nobody waits any longer; whoever asks next need not be patient either.
            session.NoteSilence(server.State.ProcessId);
            throw;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            session.NoteSilence(server.State.ProcessId);
            // Not repeated: a server that hangs would only cost the same time again.
            throw new SyncStorageClientException($"{server.Client.Url} did not answer within {deadline.TotalSeconds:0.#} s.", null, new TimeoutException());
        }
    }

    /// <param name="lost">The server that did not answer; null to take the one that is known.</param>
    /// <param name="cancellation">Gives up at once.</param>
    private async Task<Connected> FindAsync(Connected? lost, CancellationToken cancellation)
    {
        await _finding.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_current is not null && _current != lost)
            {
                return _current;
            }

            ServerState state = await ReadAsync(lost, cancellation).ConfigureAwait(false);
            if (lost is null || state.Url != lost.State.Url || state.Secret != lost.State.Secret)
            {
                // The old client stays undisposed: another call may be under way on it, to its own deadline.
                _current = new Connected(state, new SyncStorageClient(state.Url, state.Secret));
            }

            return _current!;
        }
        finally
        {
            _finding.Release();
        }
    }

    private async Task<ServerState> ReadAsync(Connected? lost, CancellationToken cancellation)
    {
        var waited = Stopwatch.StartNew();
        TimeSpan timeout = lost is null || startupTimeout < RestartTimeout ? startupTimeout : RestartTimeout;
        while (true)
        {
            ServerState? state = session.ReadServer();
            int? process = state?.ProcessId ?? session.ReadStarted();
            bool lives = process is int pid && SessionServer.IsAlive(pid);
            if (state is not null && lives)
            {
                return state;
            }

            if (process is null)
            {
                throw session.ReadStartError() is { } reason ? NotStarted(reason) : NoServer("the session is over.");
            }

            if (!lives)
            {
                await RestartAsync(cancellation).ConfigureAwait(false);
            }

            if (waited.Elapsed >= timeout)
            {
                throw NoServer($"no server accepted within {timeout.TotalSeconds:0.#} s.");
            }

            await Task.Delay(PollInterval, cancellation).ConfigureAwait(false);
        }
    }

    private async Task RestartAsync(CancellationToken cancellation)
    {
        if (await session.ReadStartErrorAsync(cancellation).ConfigureAwait(false) is { } reason)
        {
            throw NotStarted(reason);
        }

        if (_hasRestarted || session.ReadStart() is not ServerStart start)
        {
            throw NoServer("its server is gone.");
        }

        _hasRestarted = true;
        try
        {
            if (await SessionServer.EnsureAsync(session, start, cancellation).ConfigureAwait(false))
            {
                warn("SYNC0008: Sync Storage's server was lost during the run; it is started again from its journal.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SyncStorageClientException($"the server cannot be started again: {e.Message}", null, e);
        }
    }

    private static SyncStorageClientException NotStarted(string reason) => new(reason, null, new StartFailureException(reason));

    private static SyncStorageClientException NoServer(string reason) => new(reason, null, null);

    private sealed record Connected(ServerState State, SyncStorageClient Client);
}

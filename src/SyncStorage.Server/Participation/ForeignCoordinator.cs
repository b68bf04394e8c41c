using System.Collections.Concurrent;
using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Participation;

/// <summary>
/// Takes part in the runs of another Sync Storage: that one elects the master and keeps the slot, this server speaks for its
/// workers there. While it cannot be reached nobody is master and everything is reported normally.
/// </summary>
internal sealed class ForeignCoordinator : ICoordinator, IAsyncDisposable
{
    private static readonly TimeSpan PublishedPoll = TimeSpan.FromSeconds(1);
    private const int KeepAliveEvery = 10;

    private readonly ConcurrentDictionary<string, ForeignSlot> _slots = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Run> _runs = new(StringComparer.Ordinal);
    private readonly ForeignService _service;
    private readonly TimeSpan _patience;
    private readonly ServerLog _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _tending;
    private string? _failure;

    /// <param name="url">Address of the other service.</param>
    /// <param name="secret">Its secret, or null.</param>
    /// <param name="patience">The longest wait for its end of a run.</param>
    /// <param name="log">For what it does not answer.</param>
    /// <param name="time">For deadlines.</param>
    public ForeignCoordinator(string url, string? secret, TimeSpan patience, ServerLog log, TimeProvider time)
    {
        _service = new ForeignService(url, secret, time);
        _service.Failing += Fail;
        _service.Refused += reason => log.Write($"{url}: {reason}");
        (_patience, _log) = (patience, log);
        _tending = Task.Run(() => TendAsync(time));
    }

    public string Url => _service.Url;

    /// <summary>Why it cannot be reached; null as long as it can.</summary>
    public async Task<string?> ProbeAsync()
    {
        HealthResponse? health = await _service.TryAsync((client, cancel) => client.HealthAsync(cancel)).ConfigureAwait(false);
        return health is null ? _failure ?? $"{Url} is not healthy" : null;
    }

    public async Task<bool> RegisterAsync(Run run, RegisterRequest request, bool isLocalMaster)
    {
        ForeignSlot slot = SlotFor(run.TestRunId);
        string pid = request.Pid!;
        if (slot.Knows(pid))
        {
            return run.IsMaster(pid);
        }

        if (_service.IsBroken)
        {
            // The mail waits for this answer, and the tending finds out when the service is back: not every project pays for it.
            return false;
        }

        bool isMaster = await slot.RegisterAsync(pid, ForeignService.RegistrationDeadline).ConfigureAwait(false);
        if (isMaster)
        {
            run.ForeignMaster(pid);
        }

        return isMaster;
    }

    public async Task<bool> OfferAsync(Run run, TestResultCut cut)
        => !_service.IsBroken && (cut.Pid is null || run.IsMaster(cut.Pid)) && await SlotFor(run.TestRunId).OfferAsync(cut).ConfigureAwait(false);

    public IForeignSlot? SlotOf(string testRunId) => SlotFor(testRunId);

    public void Opened(Run run)
    {
        SlotFor(run.TestRunId).Attach(run);
        _runs[run.TestRunId] = run;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _tending.ConfigureAwait(false);
        _service.Dispose();
        _stopping.Dispose();
    }

    private ForeignSlot SlotFor(string testRunId) => _slots.GetOrAdd(testRunId, id => new ForeignSlot(_service, id, _patience));

    private async Task TendAsync(TimeProvider time)
    {
        using var timer = new PeriodicTimer(PublishedPoll, time);
        try
        {
            for (int second = 1; await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false); second++)
            {
                foreach (string testRunId in _runs.Keys)
                {
                    await TendAsync(testRunId, second % KeepAliveEvery == 0).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server ends.
        }
    }

    private async Task TendAsync(string testRunId, bool keepAlive)
    {
        try
        {
            if (_runs[testRunId].IsRunning)
            {
                await SlotFor(testRunId).TendAsync(keepAlive).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            _log.Write($"Taking part in run {testRunId} at {Url}: {e}");
        }
    }

    private void Fail(string reason)
    {
        _log.Write($"{Url}: {reason}");
        bool isNew = _failure is null;
        _failure = reason;
        if (isNew)
        {
            foreach (Run run in _runs.Values)
            {
                Tell(run, reason);
            }
        }
    }

    private void Tell(Run run, string reason)
        => run.Notice(Diagnostics.ExternalCoordinatorFailed(Url, reason));
}

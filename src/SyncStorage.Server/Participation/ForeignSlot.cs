using System.Collections.Concurrent;
using SyncStorage.Protocol;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Participation;

/// <summary>A run of ours in the eyes of the service that coordinates it: its workers there, and the slot.</summary>
/// <param name="service">The service.</param>
/// <param name="testRunId">The run's id, here as there.</param>
/// <param name="patience">The longest wait for the service's own end of the run.</param>
internal sealed class ForeignSlot(ForeignService service, string testRunId, TimeSpan patience) : IForeignSlot
{
    /// <summary>Workers by pid; true = their end has been reported there.</summary>
    private readonly ConcurrentDictionary<string, bool> _workers = new(StringComparer.Ordinal);

    private Run? _run;
    private bool _published;
    private int _offered;

    public bool IsDecided => _published || service.IsBroken;

    public bool IsOffered => Volatile.Read(ref _offered) != 0;

    public void Attach(Run run) => _run = run;

    /// <summary>Without Test IT's address and token: whoever listens on a port may look like a Sync Storage, and our own results need nobody else's hand.</summary>
    public async Task<bool> RegisterAsync(string pid, TimeSpan? deadline = null)
    {
        var request = new RegisterRequest { Pid = pid, TestRunId = testRunId };
        RegisterResponse? answer = await service.TryAsync((client, cancel) => client.RegisterAsync(request, cancel), deadline).ConfigureAwait(false);
        if (answer is null)
        {
            return false;
        }

        _workers[pid] = false;
        await SetStatusAsync(pid, WorkerStatus.InProgress).ConfigureAwait(false);
        return answer.IsMaster;
    }

    public bool Knows(string pid) => _workers.ContainsKey(pid);

    public void Offer(TestResultCut cut, long? index)
    {
        if (Interlocked.Exchange(ref _offered, 1) == 0)
        {
            _ = Task.Run(() => OfferOnceAsync(cut, index));
        }
    }

    /// <summary>For a collector, which waits for the answer.</summary>
    public async Task<bool> OfferAsync(TestResultCut cut)
    {
        if (Interlocked.Exchange(ref _offered, 1) == 0)
        {
            await OfferOnceAsync(cut, null).ConfigureAwait(false);
        }

        return _run!.IsHeld(cut);
    }

    /// <summary>Once a second: what the service does not tell by itself.</summary>
    public async Task TendAsync(bool keepAlive)
    {
        if (!_published && await IsPublishedAsync().ConfigureAwait(false))
        {
            _published = true;
        }

        foreach ((string pid, bool isDone) in _run!.WorkerStates)
        {
            if (!_workers.TryGetValue(pid, out bool reported))
            {
                if (!isDone && keepAlive && await RegisterAsync(pid).ConfigureAwait(false))
                {
                    // The service was away when the worker registered here.
                    _run.ForeignMaster(pid);
                }
            }
            else if (isDone && !reported && pid != _run.HolderPid)
            {
                _workers[pid] = await SetStatusAsync(pid, WorkerStatus.Completed).ConfigureAwait(false);
            }
            else if (keepAlive && !reported)
            {
                await service.TryAsync(async (client, cancel) =>
                {
                    await client.KeepAliveAsync(new KeepAliveRequest { Pid = pid, TestRunId = testRunId }, cancel).ConfigureAwait(false);
                    return client;
                }).ConfigureAwait(false);
            }
        }
    }

    public async Task<bool> FinishAsync(CancellationToken deadline)
    {
        foreach ((string pid, bool reported) in _workers)
        {
            if (!reported)
            {
                _workers[pid] = await SetStatusAsync(pid, WorkerStatus.Completed).ConfigureAwait(false);
            }
        }

        if (_run!.HolderPid is null)
        {
            return false;
        }

        CompletionResponse? answer = await service.TryAsync((client, cancel) => client.WaitCompletionAsync(testRunId, cancel), patience, deadline).ConfigureAwait(false);
        if (answer is not { Completed: true })
        {
            _run.Notice(Diagnostics.CompletionNotConfirmed(service.Url, testRunId));
        }

        return answer is { Completed: true };
    }

    private async Task OfferOnceAsync(TestResultCut cut, long? index)
    {
        // The official answer does not tell whether the cut was the first one: look before.
        if (!await IsPublishedAsync().ConfigureAwait(false))
        {
            StatusResponse? answer = await service.TryAsync((client, cancel) => client.SendInProgressAsync(testRunId, cut, cancel)).ConfigureAwait(false);
            if (answer is not null && answer.Held != false)
            {
                _run!.HoldForeign(cut, index);
            }
        }

        // If it was not taken, this result is written like any other, and so are those that waited for it.
        _published = true;
    }

    private async Task<bool> IsPublishedAsync()
        => await service.TryAsync(async (client, cancel) => await client.IsPublishedAsync(testRunId, cancel).ConfigureAwait(false) ? client : null!).ConfigureAwait(false) is not null;

    private async Task<bool> SetStatusAsync(string pid, string status)
        => await service.TryAsync(async (client, cancel) =>
        {
            await client.SetWorkerStatusAsync(new WorkerStatusRequest { Pid = pid, Status = status, TestRunId = testRunId }, cancel).ConfigureAwait(false);
            return client;
        }).ConfigureAwait(false) is not null;
}

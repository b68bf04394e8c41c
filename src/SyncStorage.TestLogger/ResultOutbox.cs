using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.TestLogger;

/// <summary>What became of the results of a worker.</summary>
/// <param name="HandedOver">The server has journaled them.</param>
/// <param name="Spooled">They lie in the spool file.</param>
/// <param name="Lost">Neither was possible.</param>
internal sealed record OutboxCounts(long HandedOver, long Spooled, long Lost);

/// <summary>
/// Hands results over in batches from a task of its own, so that no test waits for the network. What the server does not take
/// goes to the spool file: whatever happens to the server, each result is in exactly one of the two places.
/// </summary>
internal sealed class ResultOutbox : IDisposable
{
    private readonly WorkerDescription _worker;
    private readonly Func<ResultBatch, TimeSpan, CancellationToken, Task> _send;
    private readonly GuestWarnings _warnings;
    private readonly OutboxLimits _limits;
    private readonly ResultQueue _queue;
    private readonly SpoolFile _spool;
    private readonly CancellationTokenSource _givingUp = new();
    private readonly Task _sending;
    private volatile Stopwatch? _sinceFailure;
    private volatile bool _isFlushing;
    private long _handedOver;
    private long _spooled;
    private long _lost;

    /// <param name="worker">Whose results.</param>
    /// <param name="send">Gets a batch and a deadline. Returns when the server has it; throws when not.</param>
    /// <param name="warnings">Where trouble is told.</param>
    /// <param name="limits">Sizes and deadlines.</param>
    public ResultOutbox(WorkerDescription worker, Func<ResultBatch, TimeSpan, CancellationToken, Task> send, GuestWarnings warnings, OutboxLimits limits)
    {
        _worker = worker;
        _send = send;
        _warnings = warnings;
        _limits = limits;
        _queue = new ResultQueue(limits);
        _spool = new SpoolFile(worker);
        _sending = Task.Run(SendAllAsync);
    }

    public OutboxCounts Counts => new(Interlocked.Read(ref _handedOver), Interlocked.Read(ref _spooled), Interlocked.Read(ref _lost));

    /// <summary>True when the server did not take the last batch that it was asked to.</summary>
    public bool IsFailing => _sinceFailure is not null;

    /// <summary>Never blocks on the network and never throws.</summary>
    public void Add(ObservedResult result)
    {
        if (!_queue.TryAdd(result))
        {
            // Full, or after the end. The disk is slower than memory but it never hangs.
            Spool([result]);
        }
    }

    /// <summary>Sends what is left, then returns. Results that come later still go to the spool file.</summary>
    /// <param name="isDoubtful">The server has not even answered the registration.</param>
    public async Task FlushAsync(bool isDoubtful)
    {
        _isFlushing = true;
        _queue.Complete();
        // A server that has taken nothing yet gets one answer's time; one that works may take a while for the rest.
        _givingUp.CancelAfter(isDoubtful ? _limits.DoubtfulCallDeadline : Counts.HandedOver > 0 && !IsFailing ? _limits.FlushDeadline : _limits.LastCallDeadline);
        await _sending.ConfigureAwait(false);
    }

    /// <summary>The process ends without the end of the tests (Ctrl+C): what is left goes to the spool file, which takes no network.</summary>
    public void Abandon()
    {
        _isFlushing = true;
        _givingUp.Cancel();
        _queue.Complete();
        _sending.Wait(_limits.LastCallDeadline);
    }

    public void Dispose() => _givingUp.Dispose();

    private async Task SendAllAsync()
    {
        while (await _queue.TakeAsync().ConfigureAwait(false) is { } batch)
        {
            if (batch.Count == 0)
            {
                continue;
            }

            if (await TrySendAsync(batch).ConfigureAwait(false))
            {
                Interlocked.Add(ref _handedOver, batch.Count);
            }
            else
            {
                Spool(batch);
            }
        }
    }

    private async Task<bool> TrySendAsync(IReadOnlyList<ObservedResult> results)
    {
        // At the end nobody waits a second time for a server that has just failed.
        if (_givingUp.IsCancellationRequested || (_sinceFailure is { } failure && (_isFlushing || failure.Elapsed < _limits.Pause)))
        {
            return false;
        }

        try
        {
            await _send(Batch(results), _isFlushing ? _limits.LastCallDeadline : _limits.CallDeadline, _givingUp.Token).ConfigureAwait(false);
            _sinceFailure = null;
            return true;
        }
        catch (Exception e)
        {
            _sinceFailure = Stopwatch.StartNew();
            _warnings.Warn($"results could not be handed over and are kept in {_spool.Path}", e);
            return false;
        }
    }

    private void Spool(IReadOnlyList<ObservedResult> results)
    {
        try
        {
            _spool.Append(Batch(results));
            Interlocked.Add(ref _spooled, results.Count);
        }
        catch (Exception e)
        {
            Interlocked.Add(ref _lost, results.Count);
            _warnings.Warn($"results are lost: neither the server nor {_spool.Path} took them", e);
        }
    }

    private ResultBatch Batch(IReadOnlyList<ObservedResult> results)
        => new() { Pid = _worker.Pid, TestRunId = _worker.TestRunId, Results = results };
}

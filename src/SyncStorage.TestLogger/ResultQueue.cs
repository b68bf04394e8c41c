using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using SyncStorage.Results;

namespace SyncStorage.TestLogger;

/// <summary>Results between VSTest's event and the sender, in order. Bounded in memory: when it is full it says so instead of blocking a test.</summary>
internal sealed class ResultQueue(OutboxLimits limits)
{
    private readonly Queue<ObservedResult> _results = new();
    private TaskCompletionSource<bool> _wake = NewSignal();
    private long _pendingBytes;
    private bool _isComplete;

    /// <summary>False when it is full or completed; the result is not taken then.</summary>
    public bool TryAdd(ObservedResult result)
    {
        lock (_results)
        {
            long size = SizeOf(result);
            if (_isComplete || _results.Count >= limits.PendingResults || _pendingBytes + size > limits.PendingBytes)
            {
                return false;
            }

            _results.Enqueue(result);
            _pendingBytes += size;
            if (_results.Count >= limits.BatchResults)
            {
                _wake.TrySetResult(true);
            }

            return true;
        }
    }

    public void Complete()
    {
        lock (_results)
        {
            _isComplete = true;
            _wake.TrySetResult(true);
        }
    }

    /// <summary>The next batch: when it is full, when the oldest result has waited long enough, or at the end.</summary>
    /// <returns>Null when the queue is completed and empty; an empty batch when nothing came.</returns>
    public async Task<IReadOnlyList<ObservedResult>?> TakeAsync()
    {
        Task? wake = null;
        lock (_results)
        {
            if (!_isComplete && _results.Count < limits.BatchResults)
            {
                _wake = NewSignal();
                wake = _wake.Task;
            }
        }

        if (wake is not null)
        {
            await Task.WhenAny(wake, Task.Delay(limits.BatchWait)).ConfigureAwait(false);
        }

        lock (_results)
        {
            if (_results.Count == 0)
            {
                return _isComplete ? null : [];
            }

            var batch = new List<ObservedResult>(Math.Min(_results.Count, limits.BatchResults));
            long bytes = 0;
            while (_results.Count > 0 && batch.Count < limits.BatchResults)
            {
                long size = SizeOf(_results.Peek());
                if (batch.Count > 0 && bytes + size > limits.BatchBytes)
                {
                    break;
                }

                bytes += size;
                _pendingBytes -= size;
                batch.Add(_results.Dequeue());
            }

            return batch;
        }
    }

    // Asynchronous, so that the sender never runs on the thread of a test event.
    private static TaskCompletionSource<bool> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Roughly what it takes in memory; the texts are what can be large.</summary>
    private static long SizeOf(ObservedResult result)
        => 1000 + sizeof(char) * (
            (long)(result.Message?.Length ?? 0) + (result.Trace?.Length ?? 0)
            + (result.StandardOutput?.Length ?? 0) + (result.StandardError?.Length ?? 0)
            + result.DisplayName.Length + result.TestCaseDisplayName.Length + result.FullyQualifiedName.Length);
}

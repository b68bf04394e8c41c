using SyncStorage.Protocol;

namespace SyncStorage.Running;

/// <summary>Calls a service on behalf of somebody who must neither wait long nor see an exception.</summary>
internal sealed class ServiceGuard
{
    private readonly CircuitBreaker _breaker;
    private readonly RunnerLog _log;

    public ServiceGuard(CircuitBreaker breaker, RunnerLog log)
    {
        _breaker = breaker;
        _log = log;
    }

    /// <summary>Somebody was not answered, so the service may be gone.</summary>
    public event Action? Failed;

    /// <summary>There is another service now.</summary>
    public void Reset() => _breaker.Succeeded();

    /// <summary>One call with a deadline; turned away at once while the service is known not to answer.</summary>
    /// <param name="what">What is done, for the log: "offer a result".</param>
    /// <param name="call">The call.</param>
    /// <param name="timeout">Its deadline.</param>
    /// <param name="cancellation">The caller's wish to end it; says nothing about the service.</param>
    /// <returns>Whether the service answered, and its answer.</returns>
    public async Task<Answer<T>> AskAsync<T>(string what, Func<CancellationToken, Task<T>> call, TimeSpan timeout, CancellationToken cancellation)
    {
        if (!_breaker.TryEnter())
        {
            _log.Debug($"Did not {what}: Sync Storage did not answer before.");
            return default;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(timeout);
        try
        {
            T value = await call(deadline.Token).ConfigureAwait(false);
            _breaker.Succeeded();
            return new Answer<T>(true, value);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _log.Debug($"Cancelled while trying to {what}.");
            return default;
        }
        catch (SyncStorageClientException e) when (e.Status is >= 400 and < 500)
        {
            // The service is well, it only does not want this.
            _breaker.Succeeded();
            _log.Trouble($"Could not {what}; going on without. {e.Message}");
            return default;
        }
        catch (Exception e)
        {
            _breaker.Failed();
            string reason = e is OperationCanceledException ? $"Sync Storage did not answer within {timeout.TotalSeconds} s." : e.Message;
            _log.Trouble($"Could not {what}; going on without. {reason}");
            Failed?.Invoke();
            return default;
        }
    }
}

internal readonly record struct Answer<T>(bool Given, T? Value);

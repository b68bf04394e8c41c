using SyncStorage.Protocol;

namespace SyncStorage.Server.Participation;

/// <summary>
/// Calls to another Sync Storage with a deadline and a circuit breaker: workers wait for the first failure at most, then
/// the service is left alone for a while.
/// </summary>
/// <param name="url">Its address.</param>
/// <param name="secret">See <see cref="SharedSecret"/>; null where the address was found and not given.</param>
/// <param name="time">For pauses.</param>
internal sealed class ForeignService(string url, string? secret, TimeProvider time) : IDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);
    /// <summary>For a registration: the mail of all workers waits for its answer.</summary>
    public static readonly TimeSpan RegistrationDeadline = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly SyncStorageClient _client = new(url, secret);
    private long? _brokenAt;

    /// <summary>Called with the reason when the service begins to fail.</summary>
    public event Action<string>? Failing;

    /// <summary>Called with its answer when it says no.</summary>
    public event Action<string>? Refused;

    public string Url => url;

    /// <summary>The last call failed.</summary>
    public bool IsBroken => _brokenAt is not null;

    /// <returns>What it answered; null when it did not, or not in time, or is left alone.</returns>
    public async Task<T?> TryAsync<T>(Func<SyncStorageClient, CancellationToken, Task<T>> call, TimeSpan? deadline = null, CancellationToken cancellation = default)
        where T : class
    {
        if (_brokenAt is long at && time.GetElapsedTime(at) < Pause)
        {
            return null;
        }

        using var patience = new CancellationTokenSource(deadline ?? Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            T answer = await call(_client, either.Token).ConfigureAwait(false);
            _brokenAt = null;
            return answer;
        }
        catch (SyncStorageClientException e) when (e.Status is >= 400 and < 500)
        {
            // It is there and says no; that is no reason to leave it alone.
            _brokenAt = null;
            Refused?.Invoke(e.Message);
            return null;
        }
        catch (Exception e) when (e is SyncStorageClientException or OperationCanceledException)
        {
            if (!cancellation.IsCancellationRequested)
            {
                _brokenAt = time.GetTimestamp();
                Failing?.Invoke(e is OperationCanceledException ? $"{url} did not answer within {(deadline ?? Deadline).TotalSeconds:0} s" : e.Message);
            }

            return null;
        }
    }

    public void Dispose() => _client.Dispose();
}

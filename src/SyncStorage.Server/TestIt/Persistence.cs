using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>
/// Tries the last thing that a run needs of Test IT until it is done, until nobody waits any more, or until Test IT says that it never
/// will be. The user hears of it at the first failed request: whoever ends the server now has to know what is left.
/// </summary>
/// <param name="client">Makes the requests.</param>
/// <param name="settings">The run.</param>
/// <param name="outage">When to ask again.</param>
/// <param name="time">The clock of the pauses.</param>
/// <param name="log">The run's journal.</param>
internal sealed class Persistence(TestItClient client, RunSettings settings, OutageGate outage, TimeProvider time, IDeliveryLog log)
{
    public const string WhoResends = "the next run that publishes there, 'SyncStorage.Server.dll --resend' or 'dotnet msbuild -t:SyncStorageResend'";

    /// <summary>The matter of which the user has heard.</summary>
    private string? _told;

    /// <param name="matter">What the attempt is about, as the beginning of a sentence: "The held-back result 'x' of test run y".</param>
    /// <param name="attempt">True = done; false = Test IT will not do it, which the attempt has told.</param>
    /// <returns>True when it is done. Never throws.</returns>
    public async Task<bool> RunAsync(string matter, Func<CancellationToken, Task<bool>> attempt, CancellationToken deadline)
    {
        client.AttemptFailed = e => Tell(matter, e.Message);
        try
        {
            while (true)
            {
                if (await TryAsync(matter, attempt, deadline).ConfigureAwait(false) is { } decided)
                {
                    return decided;
                }

                await Task.Delay(outage.Pause, time, deadline).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            Tell(matter, "the time was up");
            return false;
        }
        finally
        {
            client.AttemptFailed = null;
        }
    }

    /// <returns>Null when it is worth another try.</returns>
    private async Task<bool?> TryAsync(string matter, Func<CancellationToken, Task<bool>> attempt, CancellationToken deadline)
    {
        try
        {
            bool isDone = await attempt(deadline).ConfigureAwait(false);
            if (!isDone)
            {
                Tell(matter, "Test IT does not take it");
            }
            else if (_told == matter)
            {
                log.Notice(null, $"{matter}: done now.");
            }

            return isDone;
        }
        catch (TestItException e) when (e.IsTransient)
        {
            Tell(matter, e.Message);
            outage.Failed(e);
            return null;
        }
        catch (TestItException e)
        {
            bool isToken = e.Error == TestItError.TokenRefused;
            log.Notice(
                isToken ? "SYNC0011" : "SYNC0012",
                isToken ? $"Test IT at {settings.Url} refused the private token (TMS_PRIVATE_TOKEN, --privateToken): {e.Reason}" : $"{matter}: {e.Message}");
            Tell(matter, e.Reason);
            return false;
        }
        catch (RunUnusableException e)
        {
            if (e.IsForGood)
            {
                log.Refused(e.Code, e.Message);
            }
            else
            {
                log.Notice(e.Code, e.Message);
                Tell(matter, e.Message);
            }

            return false;
        }
    }

    private void Tell(string matter, string reason)
    {
        if (_told != matter)
        {
            _told = matter;
            // The reason apart: the same trouble in another try is the same notice.
            log.Notice(null, $"{matter}: {reason}");
            log.Notice("SYNC0015", $"{matter} is not in Test IT yet. It is tried again as long as this server runs; after that by {WhoResends}.");
        }
    }
}

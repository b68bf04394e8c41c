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
                log.Notice(Diagnostic.Detail($"{matter}: done now."));
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
            log.Notice(e.Error == TestItError.TokenRefused
                ? Diagnostics.TokenRefused(settings.Url, e.Reason, "TMS_PRIVATE_TOKEN, --privateToken")
                : Diagnostics.FinalStatusDenied(matter, e.Message));
            Tell(matter, e.Reason);
            return false;
        }
        catch (RunUnusableException e)
        {
            if (e.IsForGood)
            {
                log.Refused(e.Diagnostic);
            }
            else
            {
                log.Notice(e.Diagnostic);
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
            log.Notice(Diagnostic.Detail($"{matter}: {reason}"));
            log.Notice(Diagnostics.TriedAgain(matter));
        }
    }
}

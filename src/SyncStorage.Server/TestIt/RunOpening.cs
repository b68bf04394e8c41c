using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>Opens the run in Test IT, as often as it takes until Test IT answers.</summary>
internal sealed class RunOpening(RunSettings settings, TestItRun run, RowAdoption rows, OutageGate outage, TimeProvider time, IDeliveryLog log)
{
    public async Task OpenAsync(CancellationToken lifetime)
    {
        while (true)
        {
            try
            {
                await run.OpenAsync(lifetime).ConfigureAwait(false);
                if (!run.IsNew)
                {
                    await rows.LoadExistingAsync(lifetime).ConfigureAwait(false);
                }

                outage.Succeeded();
                log.Notice(Diagnostic.Detail($"Test run in Test IT: {run.Url}"));
                return;
            }
            catch (TestItException e) when (!e.IsTransient)
            {
                throw e.Error switch
                {
                    TestItError.TokenRefused => RunUnusableException.TokenRefused(settings, e),
                    TestItError.OverBounds => RunUnusableException.OverBounds(settings, e),
                    _ => RunUnusableException.Denied(settings, e),
                };
            }
            catch (TestItException e)
            {
                outage.Failed(e);
                await Task.Delay(outage.Pause, time, lifetime).ConfigureAwait(false);
            }
        }
    }
}

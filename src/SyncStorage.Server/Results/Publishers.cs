using SyncStorage.Server.TestIt;
using SyncStorage.Settings;

namespace SyncStorage.Server.Results;

/// <summary>Where a run's results go.</summary>
internal static class Publishers
{
    /// <param name="settings">The run.</param>
    /// <param name="log">The run's journal.</param>
    /// <param name="time">The clock of retries and batches.</param>
    /// <param name="knownTestRunId">Mode 2: the run that an earlier process of this server created.</param>
    public static IResultPublisher Create(RunSettings settings, IDeliveryLog log, TimeProvider time, string? knownTestRunId)
    {
        // Whoever resolved the settings has seen a token; this process looks for itself, since no token is handed over.
        string? token = settings.Publish ? PrivateTokenSource.Read(settings.ConfigFile) : null;
        return token is null ? new LocalPublisher() : new TestItPublisher(settings, token, log, time, knownTestRunId);
    }
}

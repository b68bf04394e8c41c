using System;
using SyncStorage.Settings;

namespace SyncStorage.Server.Results;

/// <summary>Where a run's results go.</summary>
internal static class Publishers
{
    /// <param name="knownTestRunId">Mode 2: the run that an earlier process of this server created.</param>
    public static IResultPublisher Create(RunSettings settings, IDeliveryLog log, TimeProvider time, string? knownTestRunId)
        => new LocalPublisher();
}

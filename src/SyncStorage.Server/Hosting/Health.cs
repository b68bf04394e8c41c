using System.Globalization;
using SyncStorage.Protocol;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Hosting;

internal static class Health
{
    /// <summary>How another server recognises this one.</summary>
    public const string ServerName = "SyncStorage.Server";

    public static HealthResponse Of(RunBook runs, string? session, TimeProvider time)
    {
        DateTimeOffset lastUpdate = TimeZoneInfo.ConvertTime(runs.LastUpdate, time.LocalTimeZone);
        return new HealthResponse
        {
            Status = "ok",
            LastUpdate = lastUpdate.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture),
            Server = ServerName,
            Session = session,
            TestRunIds = runs.TestRunIds.ToArray(),
        };
    }
}

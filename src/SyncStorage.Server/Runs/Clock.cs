namespace SyncStorage.Server.Runs;

/// <summary>
/// Now, twice: deadlines count in <paramref name="Uptime"/>, which no change of the system's clock can move; reports show
/// <paramref name="Time"/>.
/// </summary>
internal readonly record struct Moment(TimeSpan Uptime, DateTimeOffset Time);

internal sealed class Clock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public TimeProvider Provider => time;

    public Moment Now => new(time.GetElapsedTime(_start), time.GetUtcNow());
}

using System.Diagnostics;

namespace SyncStorage;

/// <summary>How a <see cref="SyncStorageRunner"/> behaves. The defaults suit an adapter of a test framework.</summary>
public sealed class SyncStorageOptions
{
    /// <summary>The longest that <see cref="SyncStorageRunner.StartAsync"/> takes.</summary>
    public TimeSpan StartupTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The longest that handling one result waits for Sync Storage. When it passes, Sync Storage is left alone for a while
    /// (30 s at first) and results are answered at once.
    /// </summary>
    public TimeSpan ResultTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest that waiting for the completion of the run takes, and the end of a server that we started.</summary>
    public TimeSpan CompletionTimeout { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>How often a running worker says that it is alive.</summary>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>True: a startup that exceeds <see cref="StartupTimeout"/> throws <see cref="SyncStorageStartupException"/>. False: StartAsync returns false.</summary>
    public bool ThrowOnStartupTimeout { get; set; }

    /// <summary>
    /// Join the Sync Storage at this address, such as http://coordinator:49152, and start none; one that comes up later is waited for, at
    /// most <see cref="StartupTimeout"/>. Null: the one on the port of this machine.
    /// </summary>
    public string? ServiceUrl { get; set; }

    /// <summary>False: join a running Sync Storage but start none.</summary>
    public bool StartServer { get; set; } = true;

    /// <summary>Where a server that we start keeps its report, journal and log; a folder per run is created in it.</summary>
    public string Directory { get; set; } = System.IO.Path.Combine("TestResults", "SyncStorage");

    /// <summary>Name of the test project in the report; null = name of the program.</summary>
    public string? Project { get; set; }

    /// <summary>Short target framework in the report, such as net10.0.</summary>
    public string? TargetFramework { get; set; }

    /// <summary>
    /// Where messages go; by default to <see cref="Trace"/>. To an ILogger: <c>(level, message) =&gt; logger.Log((LogLevel)level, message)</c>.
    /// Called from several threads at once.
    /// </summary>
    public Action<SyncStorageLogLevel, string> Log { get; set; } = static (level, message) => Trace.WriteLine(message, "SyncStorage " + level);

    /// <summary>A runner keeps what it was given: later changes do not reach it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A time is not between 1 ms and a day.</exception>
    internal SyncStorageOptions Copy()
    {
        Check(StartupTimeout, nameof(StartupTimeout));
        Check(ResultTimeout, nameof(ResultTimeout));
        Check(CompletionTimeout, nameof(CompletionTimeout));
        Check(KeepAliveInterval, nameof(KeepAliveInterval));
        return (SyncStorageOptions)MemberwiseClone();
    }

    private static void Check(TimeSpan time, string name)
    {
        if (time < TimeSpan.FromMilliseconds(1) || time > TimeSpan.FromDays(1))
        {
            throw new ArgumentOutOfRangeException(name, time, "Must be between 1 ms and a day.");
        }
    }
}

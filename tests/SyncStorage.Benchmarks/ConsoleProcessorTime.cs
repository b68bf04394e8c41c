using System.Globalization;

namespace SyncStorage.Benchmarks;

/// <summary>Follows the vstest.console that runs a test assembly, as Linux shows it, until that has ended.</summary>
internal sealed class ConsoleProcessorTime : IDisposable
{
    private const double MillisecondsPerTick = 10;

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watch;

    public ConsoleProcessorTime(string assembly) => _watch = OperatingSystem.IsLinux() ? Task.Run(() => WatchAsync(assembly)) : Task.CompletedTask;

    /// <summary>The last that was seen; the kernel counts in steps of 10 ms.</summary>
    public double Milliseconds { get; private set; }

    public void Dispose()
    {
        _stop.Cancel();
        _watch.Wait();
        _stop.Dispose();
    }

    private async Task WatchAsync(string assembly)
    {
        string? process = null;
        while (!_stop.IsCancellationRequested)
        {
            process ??= Directory.EnumerateDirectories("/proc").FirstOrDefault(folder => IsConsole(folder, assembly));
            if (process is not null)
            {
                Milliseconds = Math.Max(Milliseconds, Read(process));
            }

            await Task.Delay(process is null ? 30 : 3);
        }
    }

    private static bool IsConsole(string folder, string assembly)
    {
        try
        {
            string command = File.ReadAllText(Path.Combine(folder, "cmdline"));
            return command.Contains("vstest.console.dll", StringComparison.Ordinal) && command.Contains(assembly, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // Not a process, or not any more.
            return false;
        }
    }

    /// <summary>User and system time are the 14th and 15th field; the second one, a name in brackets, may hold blanks.</summary>
    private static double Read(string folder)
    {
        try
        {
            string stat = File.ReadAllText(Path.Combine(folder, "stat"));
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) * MillisecondsPerTick;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}

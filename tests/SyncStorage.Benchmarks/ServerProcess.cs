using System.Diagnostics;
using System.Globalization;

namespace SyncStorage.Benchmarks;

/// <summary>A server as a process of its own, stand-alone, on any free port.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, string url)
    {
        _process = process;
        Url = url;
    }

    public string Url { get; }

    /// <summary>Largest resident memory so far, in MB.</summary>
    public double PeakMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.PeakWorkingSet64 / 1048576.0;
        }
    }

    /// <summary>Returns once the process says that it listens.</summary>
    public static async Task<ServerProcess> StartAsync(params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        while (await process.StandardOutput.ReadLineAsync() is string line)
        {
            int at = line.IndexOf("listening on ", StringComparison.Ordinal);
            if (at >= 0)
            {
                return new ServerProcess(process, line[(at + "listening on ".Length)..].Split(' ', ',').First());
            }
        }

        throw new InvalidOperationException($"{string.Join(' ', arguments)} did not start: {await process.StandardError.ReadToEndAsync()}");
    }

    /// <summary>Asks it to end in good order.</summary>
    /// <returns>What it has printed since it listens, line by line.</returns>
    public async Task<string[]> EndAsync()
    {
        using (Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        string output = await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit();
        _process.Dispose();
    }
}

using System.Diagnostics;
using System.Text.Json;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>The real server, as a process of its own.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private ServerProcess(Process process) => Process = process;

    public Process Process { get; }

    public static ServerProcess Start(params string[] arguments) => StartWith(new Dictionary<string, string>(), arguments);

    public static ServerProcess StartWith(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        info.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "SyncStorage.Server.dll"));
        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in environment)
        {
            info.Environment[name] = value;
        }

        return new ServerProcess(Process.Start(info)!);
    }

    public async Task<string> ReadUrlAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        string? line = await Process.StandardOutput.ReadLineAsync(patience.Token);
        StringAssert.StartsWith(line, "listening on http://");
        return line!["listening on ".Length..];
    }

    public async Task<int> WaitForExitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await Process.WaitForExitAsync(patience.Token);
        return Process.ExitCode;
    }

    public void Signal(string signal)
    {
        using Process kill = Process.Start("kill", ["-" + signal, Process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Process.Kill();
        }

        Process.Dispose();
    }
}

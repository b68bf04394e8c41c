using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using SyncStorage.Protocol;

namespace SyncStorage.Server.Participation;

/// <summary>An official Sync Storage binary that this server has started (SyncStorageExecutable), and therefore also stops.</summary>
internal sealed class OfficialBinary : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;

    private OfficialBinary(Process process, string url)
    {
        _process = process;
        Url = url;
    }

    public string Url { get; }

    /// <exception cref="IOException">It does not start or does not become healthy; the message says why.</exception>
    public static async Task<OfficialBinary> StartAsync(string path, int port, string? testRunId, string? baseUrl, string? token)
    {
        string fullPath = Path.GetFullPath(path);
        var info = new ProcessStartInfo(fullPath) { UseShellExecute = false, WorkingDirectory = Path.GetDirectoryName(fullPath)!, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string option, string? value) in new (string, string?)[] { ("--testRunId", testRunId), ("--port", port.ToString(CultureInfo.InvariantCulture)), ("--baseURL", baseUrl) })
        {
            if (!string.IsNullOrEmpty(value))
            {
                info.ArgumentList.Add(option);
                info.ArgumentList.Add(value);
            }
        }

        if (token is not null)
        {
            // Officially it is an argument, but those are readable by every user of the machine.
            info.Environment["TMS_PRIVATE_TOKEN"] = token;
        }

        Process process;
        try
        {
            process = Process.Start(info) ?? throw new IOException($"{path} did not start.");
        }
        catch (Win32Exception e)
        {
            throw new IOException($"{path} cannot be started: {e.Message}", e);
        }

        // Read on and on: a full pipe would stop it. What it prints may contain the token, so it goes nowhere.
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();

        var binary = new OfficialBinary(process, $"http://127.0.0.1:{port}");
        try
        {
            await binary.WaitUntilHealthyAsync(path).ConfigureAwait(false);
            return binary;
        }
        catch
        {
            await binary.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using (_process)
        using (var patience = new CancellationTokenSource(StopPatience))
        using (var client = new SyncStorageClient(Url))
        {
            try
            {
                if (!_process.HasExited)
                {
                    await client.ShutdownAsync(patience.Token).ConfigureAwait(false);
                    await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is SyncStorageClientException or OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }
    }

    private async Task WaitUntilHealthyAsync(string path)
    {
        using var client = new SyncStorageClient(Url);
        using var patience = new CancellationTokenSource(StartPatience);
        while (true)
        {
            if (_process.HasExited)
            {
                throw new IOException($"{path} ended with exit code {_process.ExitCode} before it was healthy.");
            }

            try
            {
                await client.HealthAsync(patience.Token).ConfigureAwait(false);
                return;
            }
            catch (SyncStorageClientException) when (!patience.IsCancellationRequested)
            {
                // It tells in no other way that it accepts than by accepting.
                await Task.Delay(Poll, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SyncStorageClientException or OperationCanceledException)
            {
                throw new IOException($"{path} was not healthy within {StartPatience.TotalSeconds:0} s.", e);
            }
        }
    }
}

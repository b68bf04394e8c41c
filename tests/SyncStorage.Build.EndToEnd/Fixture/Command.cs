using System.Diagnostics;
using System.Text;

namespace SyncStorage.Build.EndToEnd.Fixture;

public sealed record CommandResult(int ExitCode, string Output);

/// <summary>A `dotnet` process in a user's folder, with the environment of a user: nothing of this test run's.</summary>
public sealed class Command : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(4);

    private readonly StringBuilder _output = new();
    private readonly Process _process;
    private readonly Task _read;

    private Command(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment, string file)
    {
        var info = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in info.Environment.Keys.Where(IsOfThisTestRun).ToList())
        {
            info.Environment.Remove(name);
        }

        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            info.Environment[name] = value;
        }

        _process = Process.Start(info)!;
        _process.StandardInput.Close();
        _read = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
    }

    public int Id => _process.Id;

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static Command Start(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string file = "dotnet")
        => new(folder, arguments, environment, file);

    public static async Task<CommandResult> RunAsync(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string file = "dotnet")
    {
        using Command command = Start(folder, arguments, environment, file);
        return await command.WaitAsync();
    }

    /// <summary>Also waits for the end of the output: a process left behind with our pipes open fails the test by its deadline.</summary>
    public async Task<CommandResult> WaitAsync()
    {
        using var deadline = new CancellationTokenSource(Longest);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            await _read.WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Not over after {Longest}:\n{Output}");
        }

        return new CommandResult(_process.ExitCode, Output);
    }

    /// <summary>Sends a signal as a shell would: INT, TERM or KILL.</summary>
    public Task SignalAsync(string signal) => RunAsync(Path.GetTempPath(), ["-" + signal, Id.ToString(System.Globalization.CultureInfo.InvariantCulture)], file: "kill");

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private static bool IsOfThisTestRun(string name)
        => name.StartsWith("TMS_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("SyncStorage", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase) || name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("TESTINGPLATFORM", StringComparison.OrdinalIgnoreCase) || name is "DOTNET_CLI_TEST_COMMAND_WORKING_DIRECTORY" or "DOTNET_HOST_PATH";

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is string line)
        {
            lock (_output)
            {
                _output.AppendLine(line);
            }
        }
    }
}

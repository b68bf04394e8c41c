using System.Globalization;

namespace SyncStorage.Sessions;

/// <summary>How a server is to be started; becomes its command line. No secrets: command lines can be read by everyone.</summary>
internal sealed record ServerStart
{
    public int Port { get; init; } = Protocol.Routes.DefaultPort;

    /// <summary>SyncStorageDirectory, absolute.</summary>
    public string Directory { get; init; } = "";

    /// <summary>The run of the project that came first; others follow when their workers register.</summary>
    public string TestRunId { get; init; } = "";

    /// <summary>Seconds that the end of the run may take (SyncStorageCompletionTimeout).</summary>
    public int CompletionTimeout { get; init; } = 100;

    /// <summary>SyncStorageUrl: the service that elects the master instead of this server.</summary>
    public string? CoordinatorUrl { get; init; }

    /// <summary>SyncStorageExecutable: an official binary to start for the election.</summary>
    public string? CoordinatorExecutable { get; init; }

    public IEnumerable<string> ToOptions()
    {
        var options = new List<string> { "--port", Text(Port), "--directory", Directory, "--completionTimeout", Text(CompletionTimeout) };
        foreach ((string name, string? value) in new[] { ("--testRunId", TestRunId), ("--coordinator", CoordinatorUrl), ("--executable", CoordinatorExecutable) })
        {
            if (!string.IsNullOrEmpty(value))
            {
                options.Add(name);
                options.Add(value!);
            }
        }

        return options;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

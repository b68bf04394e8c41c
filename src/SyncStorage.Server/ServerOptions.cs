using System.Globalization;
using System.Net;
using SyncStorage.Protocol;

namespace SyncStorage.Server;

/// <summary>The command line is not understood; the message says why.</summary>
internal sealed class OptionsException(string message) : Exception(message);

/// <summary>
/// The command line. Without <see cref="Session"/> the server stands alone and takes the official options; with it, it serves one
/// invocation of <c>dotnet test</c>. A class, not a record: a printed record would print the token.
/// </summary>
internal sealed class ServerOptions
{
    public const string Usage = """
        Sync Storage: coordinates the workers of a Test IT run.

        dotnet SyncStorage.Server.dll [options]
          --testRunId ID        the run that is meant when a client names none
          --port PORT           0 to 65535, 0 = any free port (default 49152)
          --baseURL URL         address of Test IT, to give the held-back result its final status
          --privateToken TOKEN  token for it; better in the environment: TMS_PRIVATE_TOKEN
          --listen ADDRESS      an IP address besides loopback, such as 0.0.0.0 (default: loopback only)
          --secret SECRET       with --listen: every route but /health wants it, in the header X-SyncStorage-Secret; better in
                                the environment: SYNCSTORAGE_SECRET, here and where SyncStorageUrl or ServiceUrl name this server
          --host NAME[,NAME]    with --listen: the names by which this machine is called; others are refused
          --directory DIR       log, journal and report of each run (default TestResults/SyncStorage)
          --resend              send what earlier runs could not send from --directory to the Test IT that is set now (--baseURL,
                                TMS_URL, Tms.config.json), and end
          --help                this text

        Prints "listening on http://..." once it accepts, and runs until POST /shutdown, SIGTERM or Ctrl+C.
        """;

    public bool Help { get; private set; }

    /// <summary>Send what earlier runs left in <see cref="Directory"/>, and end.</summary>
    public bool Resend { get; private set; }

    public string? TestRunId { get; private set; }
    public int Port { get; private set; } = Routes.DefaultPort;
    public string? BaseUrl { get; private set; }
    public string? PrivateToken { get; private set; }
    public IPAddress? Listen { get; private set; }

    /// <summary>What every request must carry; null = none. Only with <see cref="Listen"/>: on loopback official adapters must get in.</summary>
    public string? Secret => Listen is null ? null : _secret ?? SharedSecret.Read();

    /// <summary>Names by which others may call this machine; empty = not given.</summary>
    public IReadOnlyList<string> Hosts { get; private set; } = [];

    private string? _secret;

    /// <summary>SyncStorageDirectory, absolute.</summary>
    public string Directory { get; private set; } = Path.GetFullPath(Path.Combine("TestResults", "SyncStorage"));

    /// <summary>Folder of the invocation; null = stand-alone.</summary>
    public string? Session { get; private set; }

    /// <summary>Settings of tests that no MSBuild target began; null where one did.</summary>
    public string? Settings { get; private set; }

    /// <summary>The longest that the end of the run may take.</summary>
    public TimeSpan CompletionTimeout { get; private set; } = TimeSpan.FromSeconds(100);

    /// <summary>SyncStorageUrl.</summary>
    public string? Coordinator { get; private set; }

    /// <summary>SyncStorageExecutable.</summary>
    public string? Executable { get; private set; }

    /// <exception cref="OptionsException">An option is unknown, lacks its value, or its value is not understood.</exception>
    public static ServerOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new ServerOptions();
        for (int i = 0; i < arguments.Count; i++)
        {
            // Both "--port 1" and "--port=1"; one dash is what Go programs, and so the official one, take too.
            string[] parts = arguments[i].Split('=', 2);
            string name = parts[0].StartsWith("--", StringComparison.Ordinal) ? parts[0] : "-" + parts[0];
            if (name is "--help" or "--h" or "--?")
            {
                options.Help = true;
                continue;
            }

            if (name == "--resend")
            {
                options.Resend = true;
                continue;
            }

            if (!Setters.TryGetValue(name, out Action<ServerOptions, string>? set))
            {
                // A token in the wrong place must not be printed.
                throw new OptionsException(arguments[i].StartsWith('-') ? $"Unknown option {parts[0]}." : $"Argument {i + 1} is neither an option nor an option's value.");
            }

            string value = parts.Length == 2 ? parts[1] : ++i < arguments.Count ? arguments[i] : throw new OptionsException($"{parts[0]} needs a value.");
            set(options, value);
        }

        if (options.Listen is null && (options._secret is not null || options.Hosts.Count > 0))
        {
            throw new OptionsException("--secret and --host are for --listen: on loopback official adapters, which know neither, must get in.");
        }

        return options;
    }

    private static readonly Dictionary<string, Action<ServerOptions, string>> Setters = new(StringComparer.OrdinalIgnoreCase)
    {
        ["--testRunId"] = (o, value) => o.TestRunId = value.Length == 0 ? null : value,
        ["--port"] = (o, value) => o.Port = value.Length == 0 ? Routes.DefaultPort : Number("--port", value, 0, 65535),
        ["--baseURL"] = (o, value) => o.BaseUrl = value.Length == 0 ? null : value,
        ["--privateToken"] = (o, value) => o.PrivateToken = value.Length == 0 ? null : value,
        ["--listen"] = (o, value) => o.Listen = Address(value),
        ["--secret"] = (o, value) => o._secret = NotEmpty("--secret", value),
        ["--host"] = (o, value) => o.Hosts = [.. o.Hosts, .. NotEmpty("--host", value).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)],
        ["--directory"] = (o, value) => o.Directory = Path.GetFullPath(NotEmpty("--directory", value)),
        ["--session"] = (o, value) => o.Session = Path.GetFullPath(NotEmpty("--session", value)),
        ["--settings"] = (o, value) => o.Settings = Path.GetFullPath(NotEmpty("--settings", value)),
        ["--completionTimeout"] = (o, value) => o.CompletionTimeout = TimeSpan.FromSeconds(Number("--completionTimeout", value, 0, 24 * 60 * 60)),
        ["--coordinator"] = (o, value) => o.Coordinator = NotEmpty("--coordinator", value),
        ["--executable"] = (o, value) => o.Executable = NotEmpty("--executable", value),
    };

    private static int Number(string option, string value, int least, int most)
        => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new OptionsException($"{option} is '{value}', which is not a number from {least} to {most}.");

    private static string NotEmpty(string option, string value)
        => value.Length > 0 ? value : throw new OptionsException($"{option} needs a value.");

    private static IPAddress? Address(string value)
        => value.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? null
            : value == "*" ? IPAddress.Any
            : IPAddress.TryParse(value, out IPAddress? address) ? address
            : throw new OptionsException($"--listen is '{value}', which is not an IP address.");
}

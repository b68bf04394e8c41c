using SyncStorage.Sessions;

namespace SyncStorage.Settings;

/// <summary>
/// What a guest makes of its settings, be they MSBuild properties or a hand-written .runsettings: how the server is started
/// and which run the worker belongs to.
/// </summary>
internal sealed class InvocationSettings
{
    // A day: longer than any test run, short enough to be multiplied into milliseconds.
    private const int LongestTimeout = 86_400;

    private readonly SettingsReader _reader;

    /// <param name="projectDirectory">Where the search for Tms.config.json begins.</param>
    /// <param name="startupDirectory">Where the user called; relative directories are relative to it.</param>
    /// <param name="properties">Values by property name without the prefix SyncStorage.</param>
    /// <param name="propertySource">How a diagnostic calls them, with {0} for the name.</param>
    /// <param name="enabledByDefault">What holds without the switch: a guest that somebody named in a .runsettings is wanted.</param>
    public InvocationSettings(string projectDirectory, string startupDirectory, IReadOnlyDictionary<string, string> properties, string propertySource, bool enabledByDefault)
    {
        _reader = new SettingsReader(projectDirectory, properties, propertySource);
        Port = _reader.ReadPort();
        CoordinatorUrl = _reader.ReadAddress(Setting.CoordinatorUrl, "http://build-server:49152");
        CoordinatorExecutable = _reader.Find(Setting.CoordinatorExecutable)?.Value is string path ? Path.Combine(startupDirectory, path) : null;
        Directory = Path.GetFullPath(Path.Combine(startupDirectory, _reader.Find(Setting.Directory)?.Value ?? Path.Combine("TestResults", "SyncStorage")));
        TestEvents = _reader.ReadWord(Setting.TestEvents, "Auto", "Always", "Never");
        StartupTimeout = _reader.ReadNumber(Setting.StartupTimeout, 1, LongestTimeout, 30, "a number of seconds from 1 to 86400");
        Enabled = _reader.ReadSwitch(Setting.Enabled, enabledByDefault);
        FailOnError = _reader.ReadSwitch(Setting.FailOnError, false);
        CompletionTimeout = _reader.ReadNumber(Setting.CompletionTimeout, 1, LongestTimeout, 100, "a number of seconds from 1 to 86400");
    }

    public bool Enabled { get; }

    /// <summary>Trouble becomes an error of the build.</summary>
    public bool FailOnError { get; }

    public int Port { get; }
    public string? CoordinatorUrl { get; }
    public string? CoordinatorExecutable { get; }

    /// <summary>SyncStorageDirectory, absolute.</summary>
    public string Directory { get; }

    public string TestEvents { get; }

    /// <summary>Seconds.</summary>
    public int StartupTimeout { get; }

    /// <summary>Seconds.</summary>
    public int CompletionTimeout { get; }

    /// <summary>Everything that was wrong, after <see cref="ReadRun"/> that of the run as well.</summary>
    public IReadOnlyList<SettingProblem> Problems => _reader.Problems.Distinct().ToList();

    /// <param name="deriveTestRunId">Makes an id where the user gave none.</param>
    public RunSettings ReadRun(Func<string> deriveTestRunId) => new RunSettingsReader(_reader).Read(deriveTestRunId);

    /// <param name="testRunId">The run that comes first.</param>
    public ServerStart ToServerStart(string testRunId) => new()
    {
        Port = Port,
        Directory = Directory,
        TestRunId = testRunId,
        CompletionTimeout = CompletionTimeout,
        CoordinatorUrl = CoordinatorUrl,
        CoordinatorExecutable = CoordinatorExecutable,
    };
}

using Microsoft.Build.Framework;
using SyncStorage.Mail;
using SyncStorage.Sessions;
using SyncStorage.Settings;
using Task = Microsoft.Build.Utilities.Task;

namespace SyncStorage.Build;

/// <summary>
/// Runs before a test project's tests, and before its build: resolves the settings, starts the invocation's server without
/// waiting for it, holds a lease on it until the build ends, and describes the worker to its collector and logger.
/// </summary>
public sealed class StartSyncStorage : Task
{
    /// <summary>The test project's file, absolute.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>Short target framework of the worker, such as net10.0.</summary>
    public string TargetFramework { get; set; } = "";

    /// <summary>$(TargetFrameworks): where there are several, all of the project's rows in Test IT name theirs.</summary>
    public string TargetFrameworks { get; set; } = "";

    /// <summary>$(VSTestSessionCorrelationId): the key of the invocation; empty where the SDK gives none.</summary>
    public string CorrelationId { get; set; } = "";

    /// <summary>$(MSBuildStartupDirectory): relative directories are relative to it, and it stands in for a missing correlation id.</summary>
    [Required]
    public string StartupDirectory { get; set; } = "";

    /// <summary>SyncStorageDirectory: log, journal, spool and report. Default: TestResults/SyncStorage in the startup directory.</summary>
    public string Directory { get; set; } = "";

    /// <summary>SyncStoragePort: 0 to 65535, 0 = any free port. Default 49152.</summary>
    public string Port { get; set; } = "";

    /// <summary>SyncStorageUrl: the Sync Storage that elects the master instead of the embedded one.</summary>
    public string Url { get; set; } = "";

    /// <summary>SyncStorageExecutable: an official Sync Storage binary to start for the election.</summary>
    public string Executable { get; set; } = "";

    /// <summary>SyncStorageTestRunId.</summary>
    public string TestRunId { get; set; } = "";

    /// <summary>SyncStorageTestRunName.</summary>
    public string TestRunName { get; set; } = "";

    /// <summary>SyncStorageBaseUrl: address of Test IT.</summary>
    public string BaseUrl { get; set; } = "";

    /// <summary>SyncStorageProjectId.</summary>
    public string ProjectId { get; set; } = "";

    /// <summary>SyncStorageConfigurationId.</summary>
    public string ConfigurationId { get; set; } = "";

    /// <summary>SyncStorageAdapterMode: 0, 1 or 2.</summary>
    public string AdapterMode { get; set; } = "";

    /// <summary>SyncStorageEnabled: a switch.</summary>
    public string Enabled { get; set; } = "";

    /// <summary>SyncStoragePublish: a switch.</summary>
    public string Publish { get; set; } = "";

    /// <summary>SyncStorageExternalId: Official or FullyQualifiedName.</summary>
    public string ExternalId { get; set; } = "";

    /// <summary>SyncStorageTestEvents: Auto, Always or Never.</summary>
    public string TestEvents { get; set; } = "";

    /// <summary>SyncStorageStartupTimeout in seconds. Default 30.</summary>
    public string StartupTimeout { get; set; } = "";

    /// <summary>SyncStorageCompletionTimeout in seconds. Default 100.</summary>
    public string CompletionTimeout { get; set; } = "";

    /// <summary>SyncStorageFailOnError, a switch: trouble becomes an error.</summary>
    public string FailOnError { get; set; } = "";

    /// <summary>What <see cref="FailOnError"/> means.</summary>
    [Output]
    public bool FailsOnError { get; set; }

    /// <summary>What <see cref="CompletionTimeout"/> means.</summary>
    [Output]
    public int CompletionSeconds { get; set; }

    /// <summary>The logger in VSTest's terms, see <see cref="LoggerParameters.ToText"/>.</summary>
    [Output]
    public string Parameters { get; set; } = "";

    /// <summary>The .runsettings that the user chose, absolute; empty without one.</summary>
    public string UserSettings { get; set; } = "";

    /// <summary>SyncStorage.Collector.dll, absolute.</summary>
    public string Collector { get; set; } = "";

    /// <summary>Folder of the session; empty when the tests run without Sync Storage.</summary>
    [Output]
    public string Session { get; set; } = "";

    /// <summary>The worker's pid.</summary>
    [Output]
    public string Worker { get; set; } = "";

    /// <summary>The .runsettings that VSTest is to be given: the user's, with our data collector; empty when the user's own stays as it is.</summary>
    [Output]
    public string RunSettings { get; set; } = "";

    /// <summary>The run that the worker belongs to.</summary>
    [Output]
    public string Run { get; set; } = "";

    /// <summary>Path of the run's report.json.</summary>
    [Output]
    public string Report { get; set; } = "";

    /// <summary>True when the tests are to be chosen by Test IT's plan (adapter mode 0).</summary>
    [Output]
    public bool Planned { get; set; }

    /// <inheritdoc />
    public override bool Execute()
    {
        var log = new DiagnosticLog(Log, BuildEngine, failOnError: false);
        foreach (string property in SecretProperties.FindIn(BuildEngine))
        {
            log.Write(Diagnostics.TokenAsProperty(property));
        }

        if (Log.HasLoggedErrors)
        {
            return false;
        }

        try
        {
            var settings = new InvocationSettings(System.IO.Path.GetDirectoryName(ProjectFile)!, StartupDirectory, GivenProperties(), "property SyncStorage{0}", enabledByDefault: false);
            (FailsOnError, CompletionSeconds) = (settings.FailOnError, settings.CompletionTimeout);
            log = new DiagnosticLog(Log, BuildEngine, FailsOnError);
            Join(settings, log);
        }
        catch (Exception e)
        {
            // A guest of the user's build: whatever is wrong with us, the tests run.
            Session = "";
            log.Write(Diagnostics.ServerNotStarted(e.Message));
        }

        return !Log.HasLoggedErrors;
    }

    private void Join(InvocationSettings settings, DiagnosticLog log)
    {
        if (!settings.Enabled)
        {
            // The switch is none, or the targets would not have come this far.
            foreach (SettingProblem problem in settings.Problems)
            {
                log.Write(problem.Diagnostic);
            }

            return;
        }

        var invocation = Invocation.Of(CorrelationId, StartupDirectory);
        RunSettings run = settings.ReadRun(() => Sessions.Session.ForKey(invocation.Key).DeriveTestRunId());
        // All calls of this user with one run id meet in one session.
        string key = run.TestRunIdGiven ? "run " + run.TestRunId : invocation.Key;
        foreach (SettingProblem problem in settings.Problems)
        {
            log.Write(problem.Diagnostic);
        }

        ServerStart start = settings.ToServerStart(run.TestRunId);
        if (!DirectoryProbe.IsWritable(settings.Directory, out string reason))
        {
            log.Write(Diagnostics.DirectoryNotWritable(settings.Directory, reason, run.Publish));
            if (!run.Publish || FailsOnError)
            {
                return;
            }

            start = start with { Directory = System.IO.Path.Combine(SessionFolders.Of(key), "results") };
        }

        var holder = new LeaseHolder(SessionFolders.Hash(invocation.Key), invocation.ProcessId is int caller ? ProcessIdentity.Of(caller) : null);
        (BuildLease lease, bool isShared) = BuildLease.Hold((IBuildEngine4)BuildEngine, key, start, holder, session => session.WriteRun(run));
        Sessions.Session session = lease.Session;
        string directory = session.ReadResultsDirectory() ?? start.Directory;
        if (isShared)
        {
            log.Write(Diagnostics.RunIsShared(run.TestRunId, directory));
        }

        // Otherwise nobody waits here: the tests can begin before the server has. But only a task can fail the build.
        if (FailsOnError && session.WaitForServerAsync(TimeSpan.FromSeconds(settings.StartupTimeout)).GetAwaiter().GetResult() is null)
        {
            bool ended = session.ReadStarted()?.IsAlive() == false;
            log.Write(Diagnostics.ServerNotStarted(session.ReadStartError()
                ?? (ended ? "its process ended before it accepted." : $"it did not answer within {settings.StartupTimeout} s (SyncStorageStartupTimeout).")));
            lease.KeepQuiet();
            return;
        }

        Worker = WorkerPid.Create();
        session.WriteWorker(Worker, new MailAddress(
            new RunFolder(directory, run.TestRunId).MailDirectory, run.TestRunId, System.IO.Path.GetFileNameWithoutExtension(ProjectFile), TargetFramework, session.Identity)
        {
            ProjectFile = ProjectFile,
            FrameworkOfSeveral = TargetFrameworks.Split(';').Count(framework => framework.Trim().Length > 0) > 1 ? TargetFramework : "",
        });
        Parameters = LoggerParameters.ToText(session.Directory, Worker);
        Session = session.Directory;
        if (settings.TestEvents != Setting.NoTestEvents)
        {
            AttachCollector(log);
        }

        Run = run.TestRunId;
        Report = new RunFolder(directory, run.TestRunId).ReportPath;
        if (run is { Publish: true, TestRunIdGiven: true })
        {
            log.Write(Diagnostic.Detail($"Sync Storage: results go to test run {run.TestRunId} at {run.Url}"));
        }

        Planned = run is { Publish: true, AdapterMode: 0 };
    }

    private void AttachCollector(DiagnosticLog log)
    {
        try
        {
            RunSettings = new RunSettingsFile(new CollectorEntry(Collector, Session, Worker)).Write(UserSettings.Length == 0 ? null : UserSettings) ?? "";
        }
        catch (RunSettingsException e)
        {
            log.Write(Diagnostics.NotCollecting(UserSettings, e.Message));
        }
    }

    /// <summary>By the names that <see cref="InvocationSettings"/> knows: ours without the prefix.</summary>
    private Dictionary<string, string> GivenProperties() => new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(Enabled)] = Enabled,
        [nameof(FailOnError)] = FailOnError,
        [nameof(Directory)] = Directory,
        [nameof(Port)] = Port,
        [nameof(Url)] = Url,
        [nameof(Executable)] = Executable,
        [nameof(TestRunId)] = TestRunId,
        [nameof(TestRunName)] = TestRunName,
        [nameof(BaseUrl)] = BaseUrl,
        [nameof(ProjectId)] = ProjectId,
        [nameof(ConfigurationId)] = ConfigurationId,
        [nameof(AdapterMode)] = AdapterMode,
        [nameof(Publish)] = Publish,
        [nameof(ExternalId)] = ExternalId,
        [nameof(TestEvents)] = TestEvents,
        [nameof(StartupTimeout)] = StartupTimeout,
        [nameof(CompletionTimeout)] = CompletionTimeout,
    };
}

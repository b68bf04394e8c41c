namespace SyncStorage.Settings;

/// <summary>A setting's value and where it came from, such as "environment variable TMS_URL", for diagnostics.</summary>
internal sealed record SettingValue(string Value, string Source);

/// <summary>A problem with a setting: what is wrong, with the setting's name and its source already in the text.</summary>
internal sealed record SettingProblem(string Setting, string Source, string Message)
{
    /// <summary>adapterMode and testRunId exclude each other.</summary>
    public bool IsContradiction { get; init; }

    public Diagnostic Diagnostic => IsContradiction ? Diagnostics.ModeContradictsRunId(Message) : Diagnostics.InvalidSetting(Message);
}

/// <summary>One setting in the spellings in which users know it.</summary>
/// <param name="Name">Key in Tms.config.json, such as testRunId; compared without case.</param>
/// <param name="Variable">Environment variable, such as TMS_TEST_RUN_ID; null where there is none.</param>
/// <param name="Property">MSBuild property without the prefix SyncStorage, such as TestRunId; null where there is none.</param>
/// <param name="AppProperty">Key among the application properties of an adapter, where it is not <paramref name="Name"/> in lower case.</param>
internal sealed record Setting(string Name, string? Variable, string? Property, string? AppProperty = null)
{
    public static readonly Setting Url = new("url", "TMS_URL", "BaseUrl");
    public static readonly Setting ProjectId = new("projectId", "TMS_PROJECT_ID", "ProjectId");
    public static readonly Setting ConfigurationId = new("configurationId", "TMS_CONFIGURATION_ID", "ConfigurationId");
    public static readonly Setting TestRunId = new("testRunId", "TMS_TEST_RUN_ID", "TestRunId");
    public static readonly Setting TestRunName = new("testRunName", "TMS_TEST_RUN_NAME", "TestRunName");
    public static readonly Setting AdapterMode = new("adapterMode", "TMS_ADAPTER_MODE", "AdapterMode");
    public static readonly Setting CertValidation = new("certValidation", "TMS_CERT_VALIDATION", null);
    public static readonly Setting AutomaticCreationTestCases = new("automaticCreationTestCases", "TMS_AUTOMATIC_CREATION_TEST_CASES", null);
    public static readonly Setting AutomaticUpdationLinks = new("automaticUpdationLinksToTestCases", "TMS_AUTOMATIC_UPDATION_LINKS_TO_TEST_CASES", null);
    public static readonly Setting IgnoreParameters = new("ignoreParameters", "TMS_IGNORE_PARAMETERS", null);
    public static readonly Setting ImportRealtime = new("importRealtime", "TMS_IMPORT_REALTIME", null);
    public static readonly Setting Port = new("syncStoragePort", "TMS_SYNC_STORAGE_PORT", "Port", "syncstorage_port");
    public static readonly Setting Enabled = new("syncStorageEnabled", "TMS_SYNC_STORAGE_ENABLED", "Enabled", "syncstorage_enabled");
    public static readonly Setting TestRunTags = new("testRunTags", "TMS_TEST_RUN_TAGS", null);
    public static readonly Setting TestRunLinks = new("testRunLinks", "TMS_TEST_RUN_LINKS", null);
    public static readonly Setting Publish = new("syncStoragePublish", "TMS_SYNC_STORAGE_PUBLISH", "Publish");
    public static readonly Setting ExternalId = new("syncStorageExternalId", "TMS_SYNC_STORAGE_EXTERNAL_ID", "ExternalId");

    // How one invocation runs; only properties (and so their environment variables in MSBuild) set them.
    public static readonly Setting CoordinatorUrl = new("syncStorageUrl", null, "Url");
    public static readonly Setting CoordinatorExecutable = new("syncStorageExecutable", null, "Executable");
    public static readonly Setting Directory = new("syncStorageDirectory", null, "Directory");
    public static readonly Setting TestEvents = new("syncStorageTestEvents", null, "TestEvents");
    public static readonly Setting StartupTimeout = new("syncStorageStartupTimeout", null, "StartupTimeout");
    public static readonly Setting CompletionTimeout = new("syncStorageCompletionTimeout", null, "CompletionTimeout");
    public static readonly Setting FailOnError = new("syncStorageFailOnError", null, "FailOnError");

    /// <summary>Value of <see cref="TestEvents"/>: no data collector.</summary>
    public const string NoTestEvents = "Never";

    /// <summary>Never resolved with the others: only <see cref="PrivateTokenSource"/> reads it.</summary>
    public static readonly Setting PrivateToken = new("privateToken", "TMS_PRIVATE_TOKEN", null);

    public static readonly IReadOnlyList<Setting> All =
    [
        Url, ProjectId, ConfigurationId, TestRunId, TestRunName, AdapterMode, CertValidation, AutomaticCreationTestCases, AutomaticUpdationLinks,
        IgnoreParameters, ImportRealtime, Port, Enabled, TestRunTags, TestRunLinks, Publish, ExternalId,
        CoordinatorUrl, CoordinatorExecutable, Directory, TestEvents, StartupTimeout, CompletionTimeout, FailOnError,
    ];
}

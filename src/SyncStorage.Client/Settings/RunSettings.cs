namespace SyncStorage.Settings;

/// <summary>
/// The resolved settings of one run, as they are handed from a guest to the server: everything but the token, which the
/// server reads itself from TMS_PRIVATE_TOKEN or from <see cref="ConfigFile"/>.
/// </summary>
internal sealed record RunSettings
{
    /// <summary>The run's local key: what workers register for. Equal to Test IT's id in modes 0 and 1.</summary>
    public string TestRunId { get; init; } = "";

    /// <summary>True when a user gave the id; false when it was derived from the invocation.</summary>
    public bool TestRunIdGiven { get; init; }

    /// <summary>False = local mode.</summary>
    public bool Publish { get; init; }

    /// <summary>Address of Test IT, as cleaned by <see cref="SettingsReader"/>.</summary>
    public string? Url { get; init; }
    public string? ProjectId { get; init; }
    public string? ConfigurationId { get; init; }
    public string? TestRunName { get; init; }

    /// <summary>0, 1 or 2: see the README's Test IT settings.</summary>
    public int AdapterMode { get; init; }

    public bool CertValidation { get; init; } = true;
    public bool AutomaticCreationTestCases { get; init; }
    public bool AutomaticUpdationLinksToTestCases { get; init; }
    public bool IgnoreParameters { get; init; }
    public bool ImportRealtime { get; init; } = true;
    public IReadOnlyList<string> TestRunTags { get; init; } = [];

    /// <summary>testRunLinks as the user wrote it (JSON or "url" list); the publisher parses it.</summary>
    public string? TestRunLinks { get; init; }

    /// <summary>Path of the Tms.config.json that was read, if any: the server takes the token from it.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Official or FullyQualifiedName.</summary>
    public string ExternalId { get; init; } = "Official";
}

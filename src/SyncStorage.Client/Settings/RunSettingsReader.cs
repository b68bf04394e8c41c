using System.Text.Json;

namespace SyncStorage.Settings;

/// <summary>The rules across several settings of a run: is it published, and may it have an id.</summary>
/// <param name="reader">Reads and checks single settings.</param>
internal sealed class RunSettingsReader(SettingsReader reader)
{
    /// <param name="deriveTestRunId">Makes the run id when none is given.</param>
    public RunSettings Read(Func<string> deriveTestRunId)
    {
        string? url = reader.ReadUrl();
        string? projectId = reader.ReadGuid(Setting.ProjectId);
        string? configurationId = reader.ReadGuid(Setting.ConfigurationId);
        int mode = reader.ReadNumber(Setting.AdapterMode, 0, 2, 0, "0, 1 or 2");
        bool publish = ReadPublish(url, projectId, configurationId);
        string? testRunId = publish ? ReadTestRunIdToPublish(mode, ref publish) : ReadLocalTestRunId();

        return new RunSettings
        {
            TestRunId = testRunId ?? deriveTestRunId(),
            TestRunIdGiven = testRunId is not null,
            Publish = publish,
            Url = url,
            ProjectId = projectId,
            ConfigurationId = configurationId,
            TestRunName = reader.Find(Setting.TestRunName)?.Value,
            AdapterMode = mode,
            CertValidation = reader.ReadSwitch(Setting.CertValidation, true),
            AutomaticCreationTestCases = reader.ReadSwitch(Setting.AutomaticCreationTestCases, false),
            AutomaticUpdationLinksToTestCases = reader.ReadSwitch(Setting.AutomaticUpdationLinks, false),
            IgnoreParameters = reader.ReadSwitch(Setting.IgnoreParameters, false),
            ImportRealtime = reader.ReadSwitch(Setting.ImportRealtime, true),
            TestRunTags = ReadTags(),
            TestRunLinks = reader.Find(Setting.TestRunLinks)?.Value,
            ConfigFile = reader.ConfigFile,
            ExternalId = reader.ReadWord(Setting.ExternalId, "Official", "FullyQualifiedName"),
        };
    }

    private bool ReadPublish(string? url, string? projectId, string? configurationId)
    {
        var missing = new List<string>();
        if (url is null) missing.Add(Setting.Url.Name);
        if (projectId is null) missing.Add(Setting.ProjectId.Name);
        if (configurationId is null) missing.Add(Setting.ConfigurationId.Name);
        if (!PrivateTokenSource.Exists(reader.ConfigFile)) missing.Add(Setting.PrivateToken.Name);

        bool wanted = reader.ReadSwitch(Setting.Publish, missing.Count == 0);
        if (!wanted)
        {
            // Some of the four but not all is nearly always a mistake; none of them is local mode.
            if (reader.Find(Setting.Publish) is null && missing.Count is > 0 and < 4 && url is not null)
            {
                reader.Add(new SettingProblem(missing[0], "", $"Results are not published: {string.Join(", ", missing)} {(missing.Count == 1 ? "is" : "are")} not set, while {Setting.Url.Name} is ({reader.Find(Setting.Url)!.Source}). Set {string.Join(", ", missing.Select(VariableOf))}, or SyncStoragePublish=false for local mode."));
            }

            return false;
        }

        if (missing.Count > 0)
        {
            reader.Add(new SettingProblem(missing[0], reader.Find(Setting.Publish)!.Source, $"SyncStoragePublish is true ({reader.Find(Setting.Publish)!.Source}) but {string.Join(", ", missing)} {(missing.Count == 1 ? "is" : "are")} not set; results stay in the local report. Set {string.Join(", ", missing.Select(VariableOf))}."));
            return false;
        }

        return true;
    }

    private static string? VariableOf(string name)
        => Setting.All.FirstOrDefault(s => s.Name == name)?.Variable ?? Setting.PrivateToken.Variable;

    /// <summary>Any text serves locally; but who mistypes a guid should hear of it before the run is published.</summary>
    private string? ReadLocalTestRunId()
    {
        SettingValue? given = reader.Find(Setting.TestRunId);
        if (given is not null && !Guid.TryParse(given.Value, out _))
        {
            reader.Add(new SettingProblem(Setting.TestRunId.Name, given.Source, $"{given.Source} is '{given.Value}', which is not a guid; Test IT's run ids are. It is used for the local report all the same."));
        }

        return given?.Value;
    }

    private string? ReadTestRunIdToPublish(int mode, ref bool publish)
    {
        SettingValue? given = reader.Find(Setting.TestRunId);
        if (mode == 2)
        {
            if (given is not null)
            {
                reader.Add(new SettingProblem(Setting.TestRunId.Name, given.Source, $"adapterMode 2 creates the test run, so testRunId ({given.Source}) must not be set; results stay in the local report. Remove it, or use adapterMode 0 or 1.") { IsContradiction = true });
                publish = false;
                return given.Value;
            }

            return null;
        }

        string? id = reader.ReadGuid(Setting.TestRunId);
        if (id is null)
        {
            if (given is null)
            {
                reader.Add(new SettingProblem(Setting.TestRunId.Name, reader.Find(Setting.AdapterMode)?.Source ?? "", $"adapterMode {mode} reports into an existing test run, so testRunId must be set (TMS_TEST_RUN_ID or SyncStorageTestRunId); results stay in the local report. Set it, or use adapterMode 2 to create a run.") { IsContradiction = true });
            }

            publish = false;
        }

        return id;
    }

    private List<string> ReadTags()
    {
        SettingValue? given = reader.Find(Setting.TestRunTags);
        return given is null ? []
            : given.Value.StartsWith("[", StringComparison.Ordinal) ? ParseTags(given)
            : given.Value.Split(',').Select(tag => tag.Trim()).Where(tag => tag.Length > 0).ToList();
    }

    private List<string> ParseTags(SettingValue given)
    {
        try
        {
            using JsonDocument tags = JsonDocument.Parse(given.Value);
            return tags.RootElement.EnumerateArray().Select(tag => tag.ToString()).Where(tag => tag.Length > 0).ToList();
        }
        catch (JsonException)
        {
            reader.Report(Setting.TestRunTags, given, "a list of tags separated by commas");
            return [];
        }
    }
}

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;

namespace SyncStorage.Settings;

/// <summary>
/// Resolves the settings of a run: file &lt; environment &lt; property. Never throws; whatever is wrong becomes a
/// <see cref="SettingProblem"/> and the setting counts as not given.
/// </summary>
internal sealed class SettingsReader
{
    private static readonly string[] PastedSuffixes = ["/api/v2", "/api", "/adapters"];

    private readonly Dictionary<string, SettingValue> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<SettingProblem> _problems = [];
    private readonly string _consequence = "; it is ignored";

    /// <param name="startDirectory">Where the search for Tms.config.json begins: the test project's folder.</param>
    /// <param name="properties">Explicit values by <see cref="Setting.Property"/>; empty ones count as not given.</param>
    /// <param name="propertySource">How to call them in a diagnostic: "property SyncStorage{0}" with the name for {0}.</param>
    public SettingsReader(string startDirectory, IReadOnlyDictionary<string, string> properties, string propertySource)
    {
        ConfigFile = TmsConfigFile.Find(startDirectory);
        if (ConfigFile is not null)
        {
            TmsConfigFile file = TmsConfigFile.Read(ConfigFile);
            if (file.Problem is not null)
            {
                _problems.Add(new SettingProblem(TmsConfigFile.FileName, ConfigFile, $"{ConfigFile} is ignored: {file.Problem}."));
            }

            Take(s => file.Values.TryGetValue(s.Name, out string? value) ? value : null, s => $"{s.Name} in {ConfigFile}");
        }

        Take(s => s.Variable is null ? null : Environment.GetEnvironmentVariable(s.Variable), s => $"environment variable {s.Variable}");
        Take(
            s => s.Property is not null && properties.TryGetValue(s.Property, out string? value) ? value : null,
            s => string.Format(CultureInfo.InvariantCulture, propertySource, s.Property));
    }

    /// <summary>Checks values that were resolved before.</summary>
    public SettingsReader(IReadOnlyDictionary<Setting, SettingValue> values, string? configFile)
    {
        ConfigFile = configFile;
        _consequence = "";
        foreach (KeyValuePair<Setting, SettingValue> given in values)
        {
            _values[given.Key.Name] = given.Value;
        }
    }

    public string? ConfigFile { get; }

    public IReadOnlyList<SettingProblem> Problems => _problems;

    public SettingValue? Find(Setting setting) => _values.TryGetValue(setting.Name, out SettingValue? value) ? value : null;

    /// <param name="deriveTestRunId">Makes the run id when none is given.</param>
    public RunSettings ReadRun(Func<string> deriveTestRunId)
    {
        string? url = ReadUrl();
        string? projectId = ReadGuid(Setting.ProjectId);
        string? configurationId = ReadGuid(Setting.ConfigurationId);
        int mode = ReadNumber(Setting.AdapterMode, 0, 2, 0, "0, 1 or 2");
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
            TestRunName = Find(Setting.TestRunName)?.Value,
            AdapterMode = mode,
            CertValidation = ReadSwitch(Setting.CertValidation, true),
            AutomaticCreationTestCases = ReadSwitch(Setting.AutomaticCreationTestCases, false),
            AutomaticUpdationLinksToTestCases = ReadSwitch(Setting.AutomaticUpdationLinks, false),
            IgnoreParameters = ReadSwitch(Setting.IgnoreParameters, false),
            ImportRealtime = ReadSwitch(Setting.ImportRealtime, true),
            TestRunTags = ReadTags(),
            TestRunLinks = Find(Setting.TestRunLinks)?.Value,
            ConfigFile = ConfigFile,
            ExternalId = ReadWord(Setting.ExternalId, "Official", "FullyQualifiedName"),
        };
    }

    public int ReadPort()
        => ReadNumber(Setting.Port, 0, 65535, Protocol.Routes.DefaultPort, "a port number from 0 (any free port) to 65535");

    public bool ReadSwitch(Setting setting, bool fallback)
    {
        SettingValue? given = Find(setting);
        switch (given?.Value.ToUpperInvariant())
        {
            case null:
                return fallback;
            case "TRUE" or "1" or "YES" or "ON":
                return true;
            case "FALSE" or "0" or "NO" or "OFF":
                return false;
            default:
                Report(setting, given!, "true or false");
                return fallback;
        }
    }

    /// <summary>One of the known words, compared without case; the first is the default.</summary>
    public string ReadWord(Setting setting, params string[] words)
    {
        SettingValue? given = Find(setting);
        string? known = given is null ? words[0] : words.FirstOrDefault(word => string.Equals(given.Value, word, StringComparison.OrdinalIgnoreCase));
        if (known is null)
        {
            Report(setting, given!, string.Join(", ", words.Take(words.Length - 1)) + " or " + words[words.Length - 1]);
        }

        return known ?? words[0];
    }

    public int ReadNumber(Setting setting, int least, int most, int fallback, string expected)
    {
        SettingValue? given = Find(setting);
        if (given is null)
        {
            return fallback;
        }

        if (int.TryParse(given.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most)
        {
            return number;
        }

        Report(setting, given, expected);
        return fallback;
    }

    /// <summary>An absolute http or https address without a trailing slash; null when not given or not one.</summary>
    public string? ReadAddress(Setting setting, string example)
    {
        SettingValue? given = Find(setting);
        if (given is null)
        {
            return null;
        }

        string url = given.Value.TrimEnd('/');
        if (Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) && parsed.Scheme is "http" or "https" && parsed.UserInfo.Length == 0)
        {
            return url;
        }

        // A password in an address is a secret as well.
        bool namesUser = parsed is not null && parsed.UserInfo.Length > 0;
        Report(setting, namesUser ? given with { Value = "(not shown)" } : given, $"an address such as {example} without user and password");
        return null;
    }

    private void Take(Func<Setting, string?> read, Func<Setting, string> source)
    {
        foreach (Setting setting in Setting.All)
        {
            string? value = read(setting);
            if (!string.IsNullOrWhiteSpace(value))
            {
                _values[setting.Name] = new SettingValue(value!.Trim(), source(setting));
            }
        }
    }

    /// <summary>Users paste the address from their browser or from another adapter: cut what does not belong to it.</summary>
    public string? ReadUrl()
    {
        string? url = ReadAddress(Setting.Url, "https://testit.example.com");
        string? suffix = url is null ? null : PastedSuffixes.FirstOrDefault(s => url!.EndsWith(s, StringComparison.OrdinalIgnoreCase));
        return suffix is null ? url : url!.Substring(0, url.Length - suffix.Length).TrimEnd('/');
    }

    public string? ReadGuid(Setting setting)
    {
        SettingValue? given = Find(setting);
        if (given is null)
        {
            return null;
        }

        if (Guid.TryParse(given.Value, out Guid id))
        {
            return id.ToString("D");
        }

        Report(setting, given, "a guid");
        return null;
    }

    private bool ReadPublish(string? url, string? projectId, string? configurationId)
    {
        var missing = new List<string>();
        if (url is null) missing.Add(Setting.Url.Name);
        if (projectId is null) missing.Add(Setting.ProjectId.Name);
        if (configurationId is null) missing.Add(Setting.ConfigurationId.Name);
        if (!PrivateTokenSource.Exists(ConfigFile)) missing.Add(Setting.PrivateToken.Name);

        bool wanted = ReadSwitch(Setting.Publish, missing.Count == 0);
        if (!wanted)
        {
            // Some of the four but not all is nearly always a mistake; none of them is local mode.
            if (Find(Setting.Publish) is null && missing.Count is > 0 and < 4 && url is not null)
            {
                _problems.Add(new SettingProblem(missing[0], "", $"Results are not published: {string.Join(", ", missing)} {(missing.Count == 1 ? "is" : "are")} not set, while {Setting.Url.Name} is ({Find(Setting.Url)!.Source}). Set {string.Join(", ", missing.Select(VariableOf))}, or SyncStoragePublish=false for local mode."));
            }

            return false;
        }

        if (missing.Count > 0)
        {
            _problems.Add(new SettingProblem(missing[0], Find(Setting.Publish)!.Source, $"SyncStoragePublish is true ({Find(Setting.Publish)!.Source}) but {string.Join(", ", missing)} {(missing.Count == 1 ? "is" : "are")} not set; results stay in the local report. Set {string.Join(", ", missing.Select(VariableOf))}."));
            return false;
        }

        return true;
    }

    private static string? VariableOf(string name)
        => Setting.All.FirstOrDefault(s => s.Name == name)?.Variable ?? Setting.PrivateToken.Variable;

    /// <summary>Any text serves locally; but who mistypes a guid should hear of it before the run is published.</summary>
    private string? ReadLocalTestRunId()
    {
        SettingValue? given = Find(Setting.TestRunId);
        if (given is not null && !Guid.TryParse(given.Value, out _))
        {
            _problems.Add(new SettingProblem(Setting.TestRunId.Name, given.Source, $"{given.Source} is '{given.Value}', which is not a guid; Test IT's run ids are. It is used for the local report all the same."));
        }

        return given?.Value;
    }

    private string? ReadTestRunIdToPublish(int mode, ref bool publish)
    {
        SettingValue? given = Find(Setting.TestRunId);
        if (mode == 2)
        {
            if (given is not null)
            {
                _problems.Add(new SettingProblem(Setting.TestRunId.Name, given.Source, $"adapterMode 2 creates the test run, so testRunId ({given.Source}) must not be set; results stay in the local report. Remove it, or use adapterMode 0 or 1.") { Code = SettingProblem.ModeContradictsRunId });
                publish = false;
                return given.Value;
            }

            return null;
        }

        string? id = ReadGuid(Setting.TestRunId);
        if (id is null)
        {
            if (given is null)
            {
                _problems.Add(new SettingProblem(Setting.TestRunId.Name, Find(Setting.AdapterMode)?.Source ?? "", $"adapterMode {mode} reports into an existing test run, so testRunId must be set (TMS_TEST_RUN_ID or SyncStorageTestRunId); results stay in the local report. Set it, or use adapterMode 2 to create a run.") { Code = SettingProblem.ModeContradictsRunId });
            }

            publish = false;
        }

        return id;
    }

    private List<string> ReadTags()
    {
        SettingValue? given = Find(Setting.TestRunTags);
        if (given is null)
        {
            return [];
        }

        if (given.Value.StartsWith("[", StringComparison.Ordinal))
        {
            try
            {
                using JsonDocument tags = JsonDocument.Parse(given.Value);
                return tags.RootElement.EnumerateArray().Select(tag => tag.ToString()).Where(tag => tag.Length > 0).ToList();
            }
            catch (JsonException)
            {
                Report(Setting.TestRunTags, given, "a list of tags separated by commas");
                return [];
            }
        }

        return given.Value.Split(',').Select(tag => tag.Trim()).Where(tag => tag.Length > 0).ToList();
    }

    private void Report(Setting setting, SettingValue given, string expected)
        => _problems.Add(new SettingProblem(setting.Name, given.Source, $"{given.Source} is '{given.Value}', which is not {expected}{_consequence}."));
}

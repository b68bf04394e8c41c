using System.Diagnostics;
using System.Globalization;
using System.Runtime.Serialization;
using System.Text.Json.Serialization;
using SyncStorage.Settings;

namespace SyncStorage;

/// <summary>Which run to take part in, and through which Sync Storage. Enabled unless told otherwise.</summary>
public sealed class SyncStorageConfig
{
    /// <summary>Port of Sync Storage where nothing else is said: 49152.</summary>
    public const int DefaultPort = Protocol.Routes.DefaultPort;

    // Kept as text with its source, as a user wrote it: that is what Validate has to quote.
    private readonly Dictionary<Setting, SettingValue> _values = [];
    private SettingProblem? _unreadable;
    private string? _privateToken;
    private string _privateTokenSource = NotSet;

    /// <summary>Creates a configuration from values that the caller already has.</summary>
    /// <param name="testRunId">Id of the test run that all workers share.</param>
    /// <param name="port">Port of Sync Storage on this machine; 0 = any free one.</param>
    /// <param name="baseUrl">Address of Test IT, or null when the results are not for Test IT.</param>
    /// <param name="privateToken">Token for Test IT.</param>
    public SyncStorageConfig(string? testRunId = null, int port = DefaultPort, string? baseUrl = null, string? privateToken = null)
    {
        TestRunId = testRunId;
        Port = port;
        BaseUrl = baseUrl;
        PrivateToken = privateToken;
    }

    /// <summary>False: nothing is started or joined, and every result is handled normally.</summary>
    public bool Enabled
    {
        get => Check().ReadSwitch(Setting.Enabled, true);
        set => Set(Setting.Enabled, value ? "true" : "false", nameof(Enabled));
    }

    /// <summary>Id of the test run that all workers share.</summary>
    public string? TestRunId
    {
        get => Get(Setting.TestRunId);
        set => Set(Setting.TestRunId, value, nameof(TestRunId));
    }

    /// <summary>Port of Sync Storage on this machine; 0 = any free one. <see cref="DefaultPort"/> while the given one is no port number.</summary>
    public int Port
    {
        get => Check().ReadPort();
        set => Set(Setting.Port, value.ToString(CultureInfo.InvariantCulture), nameof(Port));
    }

    /// <summary>Address of Test IT, without what does not belong to it (/api/v2, a slash at the end); null while it is no address.</summary>
    public string? BaseUrl
    {
        get => Check().ReadUrl();
        set => Set(Setting.Url, value, nameof(BaseUrl));
    }

    /// <summary>Project of Test IT, for results that do not name theirs.</summary>
    public string? ProjectId
    {
        get => Check().ReadGuid(Setting.ProjectId);
        set => Set(Setting.ProjectId, value, nameof(ProjectId));
    }

    /// <summary>False: any certificate of Test IT will do. True unless told otherwise.</summary>
    public bool CertValidation
    {
        get => Check().ReadSwitch(Setting.CertValidation, true);
        set => Set(Setting.CertValidation, value ? "true" : "false", nameof(CertValidation));
    }

    /// <summary>Token for Test IT. It is in no text that this library makes, and serializers leave it out.</summary>
    [JsonIgnore]
    [IgnoreDataMember]
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? PrivateToken
    {
        get => _privateToken;
        set => SetToken(value, SourceOf(nameof(PrivateToken)));
    }

    /// <summary>True when <see cref="Validate"/> finds nothing.</summary>
    [JsonIgnore]
    [IgnoreDataMember]
    public bool IsValid => Validate().Count == 0;

    /// <summary>
    /// Reads a configuration from the properties of an application: testrunid, url, privatetoken, projectid, syncstorage_port,
    /// syncstorage_enabled, certvalidation, or the same settings by their names in Tms.config.json (testRunId, syncStoragePort ...) or
    /// as TMS_* variables; all without case. What is not among them is taken from the environment (TMS_*), then from
    /// Tms.config.json (TMS_CONFIG_FILE, else the nearest one from the current folder upwards).
    /// </summary>
    /// <param name="properties">The properties; others than ours are ignored, and so are empty ones.</param>
    /// <returns>The configuration. Never throws for what a user wrote: <see cref="Validate"/> tells.</returns>
    public static SyncStorageConfig FromAppProperties(IEnumerable<KeyValuePair<string, string>> properties)
    {
        var given = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (KeyValuePair<string, string> property in properties ?? throw new ArgumentNullException(nameof(properties)))
        {
            if (!string.IsNullOrWhiteSpace(property.Value))
            {
                given[property.Key] = property.Value.Trim();
            }
        }

        // Environment and file first, by the reader that MSBuild uses; it knows no application properties.
        var reader = new SettingsReader(Environment.CurrentDirectory, new Dictionary<string, string>(), "");
        var config = new SyncStorageConfig { _unreadable = reader.Problems.Count > 0 ? reader.Problems[0] : null };
        foreach (Setting setting in Used)
        {
            config._values.Remove(setting);
            if ((Find(setting, given) ?? reader.Find(setting)) is SettingValue value)
            {
                config._values[setting] = value;
            }
        }

        SettingValue? token = Find(Setting.PrivateToken, given);
        config.SetToken(
            token?.Value ?? PrivateTokenSource.Read(reader.ConfigFile),
            token?.Source ?? $"{Setting.PrivateToken.Variable} or {TmsConfigFile.FileName}");
        return config;
    }

    /// <summary>Checks every setting.</summary>
    /// <returns>All problems, each with the setting's name and its source; empty when there is none.</returns>
    public IReadOnlyList<SyncStorageConfigProblem> Validate()
    {
        SettingsReader reader = Check();
        bool enabled = reader.ReadSwitch(Setting.Enabled, true);
        reader.ReadPort();
        reader.ReadUrl();
        reader.ReadGuid(Setting.ProjectId);
        reader.ReadSwitch(Setting.CertValidation, true);

        var problems = new List<SettingProblem>(reader.Problems);
        if (_unreadable is not null)
        {
            problems.Insert(0, _unreadable);
        }

        if (enabled)
        {
            if (reader.Find(Setting.TestRunId) is null)
            {
                problems.Add(Missing(Setting.TestRunId, "the workers of one run find each other by it"));
            }

            bool hasUrl = reader.Find(Setting.Url) is not null;
            if (hasUrl && _privateToken is null)
            {
                problems.Add(Missing(Setting.PrivateToken, $"{Setting.Url.Name} is ({reader.Find(Setting.Url)!.Source})"));
            }
            else if (!hasUrl && _privateToken is not null)
            {
                problems.Add(Missing(Setting.Url, $"{Setting.PrivateToken.Name} is ({_privateTokenSource})"));
            }
        }

        return problems.ConvertAll(problem => new SyncStorageConfigProblem(problem.Setting, problem.Source, problem.Message));
    }

    /// <summary>The settings, with "given" or "none" for the token.</summary>
    public override string ToString()
        => $"enabled {Enabled}, testRunId {TestRunId ?? "none"}, port {Port}, url {BaseUrl ?? "none"}, privateToken {(_privateToken is null ? "none" : "given")}";

    private const string NotSet = "not set";

    private static readonly Setting[] Used = [Setting.Enabled, Setting.TestRunId, Setting.Port, Setting.Url, Setting.ProjectId, Setting.CertValidation];

    internal SyncStorageConfig Copy()
    {
        var copy = new SyncStorageConfig { _unreadable = _unreadable, _privateToken = _privateToken, _privateTokenSource = _privateTokenSource };
        copy._values.Clear();
        foreach (KeyValuePair<Setting, SettingValue> value in _values)
        {
            copy._values[value.Key] = value.Value;
        }

        return copy;
    }

    private static SettingValue? Find(Setting setting, Dictionary<string, string> properties)
    {
        foreach (string? key in new[] { setting.AppProperty, setting.Name, setting.Variable })
        {
            if (key is not null && properties.TryGetValue(key, out string? value))
            {
                return new SettingValue(value, $"application property {key}");
            }
        }

        return null;
    }

    private SettingsReader Check() => new(_values, configFile: null);

    private string? Get(Setting setting) => _values.TryGetValue(setting, out SettingValue? value) ? value.Value : null;

    private void Set(Setting setting, string? value, string property)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            _values.Remove(setting);
        }
        else
        {
            _values[setting] = new SettingValue(value!.Trim(), SourceOf(property));
        }
    }

    private void SetToken(string? value, string source)
    {
        _privateToken = string.IsNullOrWhiteSpace(value) ? null : value!.Trim();
        _privateTokenSource = _privateToken is null ? NotSet : source;
    }

    private static string SourceOf(string property) => $"{nameof(SyncStorageConfig)}.{property}";

    private static SettingProblem Missing(Setting setting, string why)
        => new(setting.Name, NotSet, $"{setting.Name} is not set, but {why}. Set application property {setting.AppProperty ?? setting.Name.ToLowerInvariant()}, {setting.Variable} or {setting.Name} in {TmsConfigFile.FileName}.");
}

using System.Globalization;

namespace SyncStorage.Settings;

/// <summary>
/// Resolves settings: file &lt; environment &lt; property. Never throws; whatever is wrong becomes a
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
                ConfigFile = null;
            }

            Take(s => file.Values.TryGetValue(s.Name, out string? value) ? value : null, s => $"{s.Name} in {file.FilePath}");
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

    public int ReadPort()
        => ReadNumber(Setting.Port, 0, 65535, Protocol.Routes.DefaultPort, "a port number from 0 (any free port) to 65535");

    public bool ReadSwitch(Setting setting, bool fallback)
    {
        SettingValue? given = Find(setting);
        switch (given?.Value.Trim().ToUpperInvariant())
        {
            case null:
                return fallback;
            case "TRUE" or "1" or "YES" or "ON":
                return true;
            case "FALSE" or "0" or "NO" or "OFF":
                return false;
            default:
                Report(setting, given!, "true or false (or 1, 0, yes, no, on, off)");
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
    public string? ReadUrl() => ReadAddress(Setting.Url, "https://testit.example.com") is string url ? CutPasted(url) : null;

    /// <inheritdoc cref="ReadUrl"/>
    public static string CutPasted(string address)
    {
        string url = address.TrimEnd('/');
        string? suffix = PastedSuffixes.FirstOrDefault(s => url.EndsWith(s, StringComparison.OrdinalIgnoreCase));
        return suffix is null ? url : url.Substring(0, url.Length - suffix.Length).TrimEnd('/');
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

    public void Add(SettingProblem problem) => _problems.Add(problem);

    public void Report(Setting setting, SettingValue given, string expected)
        => _problems.Add(new SettingProblem(setting.Name, given.Source, $"{given.Source} is '{given.Value}', which is not {expected}{_consequence}."));
}

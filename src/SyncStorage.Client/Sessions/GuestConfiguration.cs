using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Xml;

namespace SyncStorage.Sessions;

/// <summary>
/// What collector and logger are configured with: the session and worker that MSBuild attached them to, or the settings
/// that a user wrote into a .runsettings by hand. Unknown names are kept and ignored: VSTest hands foreign ones over too.
/// </summary>
internal static class GuestConfiguration
{
    public const string FriendlyName = "SyncStorage";
    public const string CollectorUri = "datacollector://SyncStorage/v1";
    public const string LoggerUri = "logger://SyncStorage/v1";

    /// <summary>
    /// Folder of the session; absent where no MSBuild target ran. On its way through VSTest in hexadecimal, see <see cref="ToParameters"/>.
    /// </summary>
    public const string Session = "Session";

    /// <summary>Pid of the worker in that session.</summary>
    public const string Worker = "Worker";

    /// <summary>False when the collector of that worker is not to watch single tests, whoever is master.</summary>
    public const string Watch = "Watch";

    /// <summary>Whether the worker's collector is to watch single tests if the worker becomes master. MSBuild knows it when it attaches the guests.</summary>
    public static bool MayWatch(IReadOnlyDictionary<string, string> values)
        => !values.TryGetValue(Watch, out string? watch) || !bool.FalseString.Equals(watch, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// What MSBuild hands to VSTest for a collector or a logger, which are read with the same rule: Name;Key=Value;Key=Value, and no way to
    /// escape anything. So the one path among the values, which is a user's, is written in characters that mean nothing anywhere.
    /// </summary>
    public static string ToParameters(string session, string worker, bool watch)
        => $"{FriendlyName};{Session}={Encode(session)};{Worker}={worker};{Watch}={watch}";

    /// <summary>The child elements of a Configuration element.</summary>
    public static Dictionary<string, string> Of(XmlNode? configuration)
    {
        var values = Empty();
        for (XmlNode? child = configuration?.FirstChild; child is not null; child = child.NextSibling)
        {
            if (child is XmlElement element)
            {
                values[element.LocalName] = element.InnerText.Trim();
            }
        }

        return Decoded(values);
    }

    /// <summary>The parameters of a logger.</summary>
    public static Dictionary<string, string> Of(IEnumerable<KeyValuePair<string, string?>> parameters)
    {
        var values = Empty();
        foreach (KeyValuePair<string, string?> parameter in parameters)
        {
            values[parameter.Key] = parameter.Value?.Trim() ?? "";
        }

        return Decoded(values);
    }

    /// <summary>
    /// Adds what the user wrote at the other guest only. Collector and logger share one run, and nobody should have to write
    /// its settings twice; the logger is the one that sees the whole file.
    /// </summary>
    public static void AddFromRunSettings(Dictionary<string, string> values, string? runSettings)
    {
        if (string.IsNullOrWhiteSpace(runSettings))
        {
            return;
        }

        var document = new XmlDocument { XmlResolver = null };
        using (var reader = XmlReader.Create(new System.IO.StringReader(runSettings!), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null }))
        {
            document.Load(reader);
        }

        foreach (string path in new[] { "/RunSettings/DataCollectionRunSettings/DataCollectors/DataCollector", "/RunSettings/LoggerRunSettings/Loggers/Logger" })
        {
            foreach (XmlNode guest in document.SelectNodes(path)!)
            {
                if (guest is not XmlElement element || !IsOurs(element))
                {
                    continue;
                }

                foreach (KeyValuePair<string, string> value in Of(element["Configuration"]))
                {
                    if (!values.ContainsKey(value.Key))
                    {
                        values[value.Key] = value.Value;
                    }
                }
            }
        }
    }

    internal static string Encode(string path) => BitConverter.ToString(Encoding.UTF8.GetBytes(path)).Replace("-", "");

    private static Dictionary<string, string> Decoded(Dictionary<string, string> values)
    {
        if (values.TryGetValue(Session, out string? encoded) && encoded.Length % 2 == 0 && encoded.All(Uri.IsHexDigit))
        {
            byte[] path = Enumerable.Range(0, encoded.Length / 2).Select(i => byte.Parse(encoded.Substring(2 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).ToArray();
            values[Session] = Encoding.UTF8.GetString(path);
        }

        return values;
    }

    private static bool IsOurs(XmlElement guest)
        => Equal(guest.GetAttribute("friendlyName"), FriendlyName)
            || Equal(guest.GetAttribute("uri"), CollectorUri)
            || Equal(guest.GetAttribute("uri"), LoggerUri);

    private static bool Equal(string given, string known) => string.Equals(given, known, StringComparison.OrdinalIgnoreCase);

    private static Dictionary<string, string> Empty() => new(StringComparer.OrdinalIgnoreCase);
}

using System.Xml;
using SyncStorage.Mail;

namespace SyncStorage.TestLogger;

/// <summary>
/// What the logger is configured with: the session and worker that MSBuild attached it to, or the settings that a user wrote into a
/// .runsettings by hand. Unknown names are kept and ignored: VSTest hands foreign ones over too.
/// </summary>
internal static class LoggerConfiguration
{
    public const string Uri = "logger://SyncStorage/v1";

    private const string CollectorUri = "InProcDataCollector://SyncStorage/v1";

    /// <summary>The child elements of a Configuration element.</summary>
    private static Dictionary<string, string> Of(XmlNode? configuration)
    {
        var values = Empty();
        for (XmlNode? child = configuration?.FirstChild; child is not null; child = child.NextSibling)
        {
            if (child is XmlElement element)
            {
                values[element.LocalName] = element.InnerText.Trim();
            }
        }

        return values;
    }

    /// <summary>The parameters of a logger.</summary>
    public static Dictionary<string, string> Of(IEnumerable<KeyValuePair<string, string?>> parameters)
    {
        var values = Empty();
        foreach (KeyValuePair<string, string?> parameter in parameters)
        {
            values[parameter.Key] = parameter.Value?.Trim() ?? "";
        }

        return values;
    }

    /// <summary>
    /// Adds what the user wrote at the collector only. Both share one run, and nobody should have to write its settings twice.
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

        foreach (string path in new[] { "/RunSettings/InProcDataCollectionRunSettings/InProcDataCollectors/InProcDataCollector", "/RunSettings/LoggerRunSettings/Loggers/Logger" })
        {
            foreach (XmlNode extension in document.SelectNodes(path)!)
            {
                if (extension is not XmlElement element || !IsOurs(element))
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

    private static bool IsOurs(XmlElement extension)
        => Equal(extension.GetAttribute("friendlyName"), LoggerParameters.FriendlyName)
            || Equal(extension.GetAttribute("uri"), CollectorUri)
            || Equal(extension.GetAttribute("uri"), Uri);

    private static bool Equal(string given, string known) => string.Equals(given, known, StringComparison.OrdinalIgnoreCase);

    private static Dictionary<string, string> Empty() => new(StringComparer.OrdinalIgnoreCase);
}

using System.Xml;

namespace SyncStorage.Build;

/// <summary>What VSTest has to know of the data collector, which only a .runsettings can name.</summary>
/// <param name="CodeBase">Its dll, absolute.</param>
/// <param name="Session">Folder of the session.</param>
/// <param name="Worker">Pid of the worker.</param>
internal sealed record CollectorEntry(string CodeBase, string Session, string Worker);

/// <summary>The text of these settings cannot be merged; the message says why.</summary>
internal sealed class RunSettingsException(string message) : Exception(message);

/// <summary>
/// A user's .runsettings with our data collector in it, and everything else as it was: VSTest must make the same of it, although the
/// file lies elsewhere. Text in, text out.
/// </summary>
internal static class MergedRunSettings
{
    private const string Uri = "InProcDataCollector://SyncStorage/v1";
    private const string FriendlyName = "SyncStorage";

    // VSTest compares this text with the type's own name; the assembly's version is fixed for it.
    private const string TypeName = "SyncStorage.Collector.SyncStorageCollector, SyncStorage.Collector, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null";

    /// <summary>Where VSTest resolves a relative path against the folder of the settings file (its ClientUtilities), and nowhere else.</summary>
    private static readonly string[] RelativePaths =
    [
        "/RunSettings/MSTest/SettingsFile",
        "/RunSettings/RunConfiguration/ResultsDirectory",
        "/RunSettings/RunConfiguration/DotNetHostPath",
    ];

    /// <summary>For a user without settings.</summary>
    public static string Of(CollectorEntry collector) => Merge("<RunSettings />", directory: null, collector)!;

    /// <param name="settings">The user's file.</param>
    /// <param name="directory">Its folder, absolute.</param>
    /// <param name="collector">What is to be added.</param>
    /// <returns>Null when these settings name our collector and switch it off.</returns>
    /// <exception cref="XmlException">They are no XML that VSTest could read.</exception>
    /// <exception cref="RunSettingsException">They are no run settings.</exception>
    public static string? Of(string settings, string directory, CollectorEntry collector) => Merge(settings, directory, collector);

    private static string? Merge(string settings, string? directory, CollectorEntry collector)
    {
        var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        using (var reader = XmlReader.Create(new StringReader(settings), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null }))
        {
            document.Load(reader);
        }

        XmlElement root = document.DocumentElement!;
        if (root.Name != "RunSettings")
        {
            throw new RunSettingsException($"its root is <{root.Name}>, not <RunSettings>");
        }

        if (directory is not null)
        {
            StayWhereTheyWere(document, directory);
        }

        XmlElement collectors = ChildOf(ChildOf(root, "InProcDataCollectionRunSettings"), "InProcDataCollectors");
        if (FindOurs(collectors) is { } named)
        {
            if (named.GetAttribute("enabled").Equals("false", StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }

            // Written for runs without MSBuild; twice it would tell everything twice.
            collectors.RemoveChild(named);
        }

        // Last: VSTest loads none of those that stand behind one that cannot be loaded.
        collectors.AppendChild(Entry(document, collector));
        return document.OuterXml;
    }

    private static void StayWhereTheyWere(XmlDocument document, string directory)
    {
        foreach (string path in RelativePaths)
        {
            if (document.SelectSingleNode(path) is { } node)
            {
                string value = Environment.ExpandEnvironmentVariables(node.InnerText);
                if (value.Length > 0 && !Path.IsPathRooted(value))
                {
                    node.InnerText = Path.GetFullPath(Path.Combine(directory, value));
                }
            }
        }

        // VSTest appends the file's folder for adapters that ask for it; who asks takes the first.
        document.DocumentElement!.AppendChild(document.CreateElement("RunSettingsDirectory")).InnerText = directory;
    }

    private static XmlElement ChildOf(XmlElement parent, string name)
        => parent[name] ?? (XmlElement)parent.AppendChild(parent.OwnerDocument.CreateElement(name))!;

    private static XmlElement? FindOurs(XmlElement collectors)
    {
        for (XmlNode? node = collectors.FirstChild; node is not null; node = node.NextSibling)
        {
            if (node is XmlElement element
                && (element.GetAttribute("uri").Equals(Uri, StringComparison.OrdinalIgnoreCase)
                    || element.GetAttribute("friendlyName").Equals(FriendlyName, StringComparison.OrdinalIgnoreCase)))
            {
                return element;
            }
        }

        return null;
    }

    private static XmlElement Entry(XmlDocument document, CollectorEntry collector)
    {
        XmlElement entry = document.CreateElement("InProcDataCollector");
        entry.SetAttribute("friendlyName", FriendlyName);
        entry.SetAttribute("uri", Uri);
        entry.SetAttribute("assemblyQualifiedName", TypeName);
        entry.SetAttribute("codebase", collector.CodeBase);
        XmlElement configuration = ChildOf(entry, "Configuration");
        ChildOf(configuration, "Session").InnerText = collector.Session;
        ChildOf(configuration, "Worker").InnerText = collector.Worker;
        return entry;
    }
}

using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace SyncStorage.Build.Tests;

[TestClass]
public sealed class MergedRunSettingsTests
{
    private static readonly CollectorEntry Ours = new("/package/collector/SyncStorage.Collector.dll", "/tmp/se&<ss>ion", "worker");

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [TestCleanup]
    public void CleanUp() => Folders.Remove(_folder);

    [TestMethod]
    public void Without_settings_of_the_user_there_is_our_collector_and_nothing_else()
    {
        XElement root = XDocument.Parse(MergedRunSettings.Of(Ours)).Root!;

        Assert.AreEqual("InProcDataCollectionRunSettings", root.Elements().Single().Name);
        AssertOurs(root);
    }

    [TestMethod]
    public void Everything_of_the_user_stays_to_the_comment_and_the_blank()
    {
        const string Head = """
            <?xml version="1.0" encoding="utf-16"?>
            <!-- by hand -->
            <?note keep?>
            <RunSettings>
              <!-- ours -->
              <RunConfiguration><MaxCpuCount>0</MaxCpuCount><Unknown a="1">  x &amp; <![CDATA[<y>]]> </Unknown></RunConfiguration>
              <Mine xmlns="urn:mine"><Deep /></Mine>
              <TestRunParameters><Parameter name="p" value="&quot;v&quot;" /></TestRunParameters>
            """;

        string merged = Merged(Head + "\n</RunSettings>\n<!-- the end -->\n");

        StringAssert.StartsWith(merged, Head);
        StringAssert.EndsWith(merged, "</RunSettings>\n<!-- the end -->\n");
        AssertOurs(XDocument.Parse(merged).Root!);
    }

    [TestMethod]
    [DataRow("<RunSettings/>")]
    [DataRow("<RunSettings><InProcDataCollectionRunSettings/></RunSettings>")]
    [DataRow("<RunSettings><InProcDataCollectionRunSettings><InProcDataCollectors /></InProcDataCollectionRunSettings></RunSettings>")]
    public void Ours_finds_its_place_in_what_is_there(string settings)
    {
        XElement root = XDocument.Parse(Merged(settings)).Root!;

        Assert.HasCount(1, root.Elements("InProcDataCollectionRunSettings").Elements("InProcDataCollectors"));
        AssertOurs(root);
    }

    [TestMethod]
    public void Other_collectors_stay_before_ours()
    {
        XElement root = XDocument.Parse(Merged(With("""<InProcDataCollector friendlyName="Theirs" assemblyQualifiedName="T, A" codebase="a.dll"><Configuration><Key>v</Key></Configuration></InProcDataCollector>"""))).Root!;

        XElement[] collectors = root.Descendants("InProcDataCollector").ToArray();
        CollectionAssert.AreEqual(new[] { "Theirs", "SyncStorage" }, collectors.Select(c => c.Attribute("friendlyName")!.Value).ToArray());
        Assert.AreEqual("a.dll", collectors[0].Attribute("codebase")!.Value);
        Assert.AreEqual("v", collectors[0].Element("Configuration")!.Element("Key")!.Value);
    }

    [TestMethod]
    [DataRow("""<InProcDataCollector friendlyName="syncstorage" codebase="old.dll" />""")]
    [DataRow("""<InProcDataCollector uri="InProcDataCollector://SyncStorage/v1" codebase="old.dll" enabled="true" />""")]
    public void One_of_ours_that_was_written_by_hand_is_replaced(string entry)
        => AssertOurs(XDocument.Parse(Merged(With(entry))).Root!);

    [TestMethod]
    public void One_of_ours_that_was_switched_off_by_hand_stays_off()
        => Assert.IsNull(MergedRunSettings.Of(With("""<InProcDataCollector friendlyName="SyncStorage" enabled="False" />"""), _folder, Ours));

    /// <summary>What VSTest's ClientUtilities resolves against the folder of the file, which changes; nothing else.</summary>
    [TestMethod]
    [DataRow("MSTest/SettingsFile", "sub/../a.testsettings", "a.testsettings")]
    [DataRow("RunConfiguration/ResultsDirectory", "../out", "../out")]
    [DataRow("RunConfiguration/DotNetHostPath", "sdk/dotnet", "sdk/dotnet")]
    [DataRow("RunConfiguration/ResultsDirectory", "%SYNC_OUT_OF_TEST%/x", "from-environment/x")]
    public void A_path_that_is_relative_to_the_file_stays_where_it_was(string path, string given, string expected)
    {
        Environment.SetEnvironmentVariable("SYNC_OUT_OF_TEST", "from-environment");

        Assert.AreEqual(Path.GetFullPath(Path.Combine(_folder, expected)), ValueAt(path, given));
    }

    [TestMethod]
    [DataRow("RunConfiguration/ResultsDirectory", "/absolute/a&b")]
    [DataRow("RunConfiguration/ResultsDirectory", "")]
    [DataRow("RunConfiguration/TestAdaptersPaths", "adapters;more")]
    [DataRow("RunConfiguration/SolutionDirectory", "..")]
    [DataRow("RunConfiguration/TestSessionTimeout", "10000")]
    [DataRow("MSTest/DeploymentRoot", "deploy")]
    public void Any_other_value_stays_what_it_was(string path, string given)
        => Assert.AreEqual(given, ValueAt(path, given));

    /// <summary>VSTest appends the folder of the file that it was given; an adapter that asks reads the first one.</summary>
    [TestMethod]
    public void Adapters_that_ask_for_the_folder_of_the_settings_still_get_the_users()
        => Assert.AreEqual(_folder, XDocument.Parse(Merged("<RunSettings />")).Root!.Elements("RunSettingsDirectory").First().Value);

    [TestMethod]
    [DataRow("<TestSettings />")]
    [DataRow("<runsettings />")]
    [DataRow("<x:RunSettings xmlns:x='urn:x' />")]
    public void Other_documents_are_refused(string text)
        => Assert.ThrowsExactly<RunSettingsException>(() => Merged(text));

    [TestMethod]
    [DataRow("")]
    [DataRow("<RunSettings>")]
    [DataRow("<!DOCTYPE RunSettings [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><RunSettings>&e;</RunSettings>")]
    public void What_VSTest_cannot_read_is_refused(string text)
        => Assert.ThrowsExactly<XmlException>(() => Merged(text));

    [TestMethod]
    [DataRow("utf-8", false)]
    [DataRow("utf-8", true)]
    [DataRow("utf-16", true)]
    [DataRow("utf-16BE", true)]
    public void The_file_keeps_its_encoding_and_mark(string name, bool hasMark)
    {
        Encoding encoding = name == "utf-8" ? new UTF8Encoding(hasMark) : Encoding.GetEncoding(name);
        string path = Path.Combine(_folder, "mine.runsettings");
        File.WriteAllText(path, "<?xml version='1.0' encoding='windows-1251'?><RunSettings><Имя>значение</Имя></RunSettings>", encoding);

        string merged = Write(path)!;

        Assert.AreEqual(hasMark, File.ReadAllBytes(merged).AsSpan().StartsWith(encoding.GetPreamble()) && encoding.GetPreamble().Length > 0);
        StringAssert.Contains(File.ReadAllText(merged, encoding), "<Имя>значение</Имя>");
    }

    [TestMethod]
    public void A_file_that_is_not_there_or_no_settings_is_told_with_its_reason()
    {
        string broken = Path.Combine(_folder, "broken.runsettings");
        File.WriteAllText(broken, "<RunSettings>");

        StringAssert.Contains(Assert.ThrowsExactly<RunSettingsException>(() => Write(Path.Combine(_folder, "none"))).Message, "none");
        StringAssert.Contains(Assert.ThrowsExactly<RunSettingsException>(() => Write(broken)).Message, "RunSettings");
        Assert.IsFalse(File.Exists(Path.Combine(_folder, "workers", "worker.runsettings")));
    }

    [TestMethod]
    public void A_session_in_a_folder_that_VSTest_cannot_write_down_gets_no_settings()
        => StringAssert.Contains(Assert.ThrowsExactly<RunSettingsException>(() => new RunSettingsFile(Ours).Write(null)).Message, "temporary folder");

    [TestMethod]
    public void A_file_that_changed_is_merged_again_and_one_that_broke_is_shown_to_VSTest_as_it_is()
    {
        string path = Path.Combine(_folder, "mine.runsettings");
        File.WriteAllText(path, "<RunSettings><A/></RunSettings>");
        string merged = Write(path)!;

        File.WriteAllText(path, "<RunSettings><B/></RunSettings>");
        File_().Rewrite(path);
        Assert.IsNotNull(XDocument.Load(merged).Root!.Element("B"));
        AssertOurs(XDocument.Load(merged).Root!, _folder);

        File.WriteAllText(path, "<RunSettings>");
        File_().Rewrite(path);
        Assert.AreEqual("<RunSettings>", File.ReadAllText(merged));
    }

    private string Merged(string settings) => MergedRunSettings.Of(settings, _folder, Ours)!;

    private string ValueAt(string path, string given)
    {
        string[] names = path.Split('/');
        var settings = new XElement("RunSettings", new XElement(names[0], new XElement(names[1], given)));
        return XDocument.Parse(Merged(settings.ToString())).Root!.Element(names[0])!.Element(names[1])!.Value;
    }

    private static string With(string collector)
        => $"<RunSettings><InProcDataCollectionRunSettings><InProcDataCollectors>{collector}</InProcDataCollectors></InProcDataCollectionRunSettings></RunSettings>";

    private string? Write(string path)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "workers"));
        return File_().Write(path);
    }

    private RunSettingsFile File_() => new(new CollectorEntry("c.dll", _folder, "worker"));

    private static void AssertOurs(XElement root, string? session = null)
    {
        XElement ours = root.Elements("InProcDataCollectionRunSettings").Elements("InProcDataCollectors").Elements("InProcDataCollector").Single();
        Assert.AreEqual(session is null ? Ours.CodeBase : "c.dll", ours.Attribute("codebase")!.Value);
        StringAssert.StartsWith(ours.Attribute("assemblyQualifiedName")!.Value, "SyncStorage.Collector.SyncStorageCollector, SyncStorage.Collector, Version=");
        Assert.AreEqual(session ?? Ours.Session, ours.Element("Configuration")!.Element("Session")!.Value);
        Assert.AreEqual("worker", ours.Element("Configuration")!.Element("Worker")!.Value);
        Assert.IsNull(ours.Attribute("enabled"));
    }
}

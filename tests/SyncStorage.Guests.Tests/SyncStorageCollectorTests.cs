using System.Text.Json;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.DataCollection;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.DataCollector.InProcDataCollector;
using SyncStorage.Collector;
using SyncStorage.Mail;

namespace SyncStorage.Guests.Tests;

/// <summary>The collector as a test host calls it.</summary>
[TestClass]
public sealed class SyncStorageCollectorTests
{
    private const string Worker = "1-2-3";

    private readonly string _root = Directory.CreateTempSubdirectory().FullName;
    private readonly SyncStorageCollector _collector = new();

    [TestCleanup]
    public void CleanUp() => Folders.Remove(_root);

    [TestMethod]
    public void What_happens_to_a_test_is_in_the_mail_when_it_has_happened()
    {
        Describe();
        TestCase test = Test("N.C.Adds");
        test.Traits.Add("ExternalId", "mine");

        Begin();
        CollectionAssert.AreEqual(new[] { "worker" }, Types());
        _collector.TestCaseStart(new TestCaseStartArgs(test));
        CollectionAssert.AreEqual(new[] { "worker", "start" }, Types());
        _collector.TestCaseEnd(new TestCaseEndArgs(new DataCollectionContext(test), TestOutcome.Failed));
        _collector.TestSessionEnd(new TestSessionEndArgs());

        JsonElement[] lines = Lines();
        CollectionAssert.AreEqual(new[] { "worker", "start", "end", "completed" }, Types());
        Assert.AreEqual((Worker, "run 1", "collector", "Shop.Tests", "net10.0", Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            (Text(lines[0], "pid"), Text(lines[0], "testRunId"), Text(lines[0], "part"), Text(lines[0], "project"), Text(lines[0], "targetFramework"), Text(lines[0], "processId")));
        foreach (JsonElement line in lines[1..3])
        {
            Assert.AreEqual((test.Id.ToString(), "N.C.Adds", "N.C.Adds", "executor://mstestadapter/v4", "/tests/Shop.Tests.dll", "0"),
                (Text(line, "testCaseId"), Text(line, "fullyQualifiedName"), Text(line, "testCaseDisplayName"), Text(line, "executorUri"), Text(line, "source"), Text(line, "sequence")));
            Assert.AreEqual("mine", Text(line.GetProperty("traits")[0], "value"));
        }

        Assert.AreEqual("Failed", Text(lines[2], "outcome"));
        Assert.IsLessThan(10, Math.Abs((DateTimeOffset.UtcNow - lines[1].GetProperty("startedOn").GetDateTimeOffset()).TotalSeconds));
        Assert.IsTrue(lines[2].GetProperty("completedOn").GetDateTimeOffset() >= lines[1].GetProperty("startedOn").GetDateTimeOffset());
    }

    [TestMethod]
    public void Tests_in_parallel_are_told_one_by_one_and_counted_without_a_gap()
    {
        const int Tests = 1000;
        Describe();
        Begin();

        Parallel.For(0, Tests, number =>
        {
            TestCase test = Test("N.C.T" + number);
            _collector.TestCaseStart(new TestCaseStartArgs(test));
            _collector.TestCaseEnd(new TestCaseEndArgs(new DataCollectionContext(test), TestOutcome.Passed));
        });

        foreach (string type in new[] { "start", "end" })
        {
            long[] sequences = Lines().Where(line => Text(line, "type") == type).Select(line => line.GetProperty("sequence").GetInt64()).Order().ToArray();
            CollectionAssert.AreEqual(Enumerable.Range(0, Tests).Select(number => (long)number).ToArray(), sequences);
        }
    }

    /// <summary>.NET Framework's hosts run several assemblies one after another, each with a collector of its own.</summary>
    [TestMethod]
    public void Two_collectors_of_one_process_have_a_file_each()
    {
        Describe();
        Begin();
        new SyncStorageCollector().TestSessionStart(new TestSessionStartArgs { Configuration = Configuration });

        Assert.HasCount(2, Directory.GetFiles(MailFolder));
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow("")]
    [DataRow("<Configuration>")]
    [DataRow("<Configuration/>")]
    [DataRow("<Configuration><Session>/nowhere</Session><Worker>1</Worker></Configuration>")]
    [DataRow("<Configuration><Session></Session><Worker>../../1</Worker></Configuration>")]
    public void Without_a_session_nothing_happens(string? configuration)
    {
        _collector.TestSessionStart(new TestSessionStartArgs { Configuration = configuration });
        RunAll();
    }

    [TestMethod]
    public void A_mail_folder_that_cannot_be_written_disturbs_no_test()
    {
        string file = Path.Combine(_root, "a-file");
        File.WriteAllText(file, "");
        Describe(folder: Path.Combine(file, "mail"));

        Begin();
        RunAll();
    }

    [TestMethod]
    public void Events_may_be_missing_doubled_late_or_odd()
    {
        RunAll();
        Describe();
        Begin();
        Begin();
        _collector.TestCaseEnd(new TestCaseEndArgs(new DataCollectionContext(Test("N.C.Never_started")), TestOutcome.None));
        _collector.TestCaseStart(new TestCaseStartArgs(null!));
        _collector.TestCaseEnd(new TestCaseEndArgs(null!, TestOutcome.Passed));
        _collector.TestCaseStart(new TestCaseStartArgs(new TestCase()));
        _collector.TestSessionEnd(new TestSessionEndArgs());
        RunAll();

        Assert.AreEqual(1, Types().Count(type => type == "worker"));
        StringAssert.Contains(Text(Lines().First(line => Text(line, "type") == "trouble"), "text"), "missed something");
        CollectionAssert.Contains(Types(), "completed");
    }

    /// <summary>Where no MSBuild ran, the logger says whose test host it is: its process starts it.</summary>
    [TestMethod]
    [DoNotParallelize]
    public void Without_MSBuild_the_environment_names_the_worker()
    {
        Describe();
        Environment.SetEnvironmentVariable(MailAddress.SessionVariable, _root);
        Environment.SetEnvironmentVariable(MailAddress.WorkerVariable, Worker);
        try
        {
            _collector.TestSessionStart(new TestSessionStartArgs { Configuration = "<Configuration><TestRunId>by hand</TestRunId></Configuration>" });
        }
        finally
        {
            Environment.SetEnvironmentVariable(MailAddress.SessionVariable, null);
            Environment.SetEnvironmentVariable(MailAddress.WorkerVariable, null);
        }

        CollectionAssert.AreEqual(new[] { "worker" }, Types());
    }

    private string MailFolder => Path.Combine(_root, "mail");

    private string Configuration => $"<Configuration><Session>{_root}</Session><Worker>{Worker}</Worker><Unknown>x</Unknown></Configuration>";

    private void Describe(string? folder = null)
    {
        Directory.CreateDirectory(Path.Combine(_root, "workers"));
        File.WriteAllBytes(MailAddress.PathIn(_root, Worker), new MailAddress(folder ?? MailFolder, "run 1", "Shop.Tests", "net10.0").ToBytes());
    }

    private void Begin()
    {
        _collector.Initialize(null!);
        _collector.TestSessionStart(new TestSessionStartArgs { Configuration = Configuration });
    }

    private void RunAll()
    {
        TestCase test = Test("N.C.Adds");
        _collector.TestCaseStart(new TestCaseStartArgs(test));
        _collector.TestCaseEnd(new TestCaseEndArgs(new DataCollectionContext(test), TestOutcome.Passed));
        _collector.TestSessionEnd(new TestSessionEndArgs());
    }

    private static TestCase Test(string name) => new(name, new Uri("executor://mstestadapter/v4"), "/tests/Shop.Tests.dll");

    private string[] Types() => Lines().Select(line => Text(line, "type")).ToArray();

    private JsonElement[] Lines()
        => [.. Directory.GetFiles(MailFolder).SelectMany(ReadLines).Select(line => JsonDocument.Parse(line).RootElement)];

    private static IEnumerable<string> ReadLines(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is string line)
        {
            yield return line;
        }
    }

    private static string Text(JsonElement line, string name) => line.GetProperty(name).ToString();
}

namespace SyncStorage.Build.Tests;

[TestClass]
public sealed class StartSyncStorageTests
{
    private readonly RecordingEngine _engine = new();
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [TestCleanup]
    public void CleanUp() => Folders.Remove(_folder);

    [TestMethod]
    [DataRow("SyncStoragePrivateToken")]
    [DataRow("syncstoragetoken")]
    [DataRow("TMS_PRIVATE_TOKEN")]
    public void A_token_given_as_a_property_stops_the_build_and_is_not_repeated(string property)
    {
        _engine.GlobalProperties[property] = "s3cret-value";

        Assert.IsFalse(Task().Execute());

        var error = _engine.Errors.Single();
        Assert.AreEqual("SYNC0001", error.Code);
        StringAssert.Contains(error.Message, property);
        Assert.IsFalse(error.Message!.Contains("s3cret-value"));
    }

    [TestMethod]
    public void A_directory_that_cannot_be_written_is_a_warning_and_the_tests_run_without()
    {
        string file = Path.Combine(_folder, "a-file");
        File.WriteAllText(file, "");
        StartSyncStorage task = Task();
        task.Directory = Path.Combine(file, "below");

        Assert.IsTrue(task.Execute());

        Assert.AreEqual("SYNC0004", _engine.Warnings.Single().Code);
        Assert.AreEqual("", task.Session);
    }

    [TestMethod]
    public void Trouble_is_an_error_under_FailOnError()
    {
        string file = Path.Combine(_folder, "a-file");
        File.WriteAllText(file, "");
        StartSyncStorage task = Task();
        task.Directory = Path.Combine(file, "below");
        task.FailOnError = "1";

        Assert.IsFalse(task.Execute());

        Assert.AreEqual("SYNC0004", _engine.Errors.Single().Code);
    }

    private StartSyncStorage Task() => new()
    {
        BuildEngine = _engine,
        Enabled = " Yes ",
        ProjectFile = Path.Combine(_folder, "Tests.csproj"),
        StartupDirectory = _folder,
    };
}

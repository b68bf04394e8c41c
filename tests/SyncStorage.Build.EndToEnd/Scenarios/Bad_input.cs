using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>A coded diagnostic names the setting and where it came from, and the tests run on.</summary>
[TestClass]
public sealed class Bad_input
{
    [TestMethod]
    [DataRow("-p:SyncStoragePort=notaport", "SYNC0002", "property SyncStoragePort")]
    [DataRow("-p:SyncStoragePort=70000", "SYNC0002", "property SyncStoragePort")]
    [DataRow("-p:SyncStorageProjectId=no-guid", "SYNC0002", "property SyncStorageProjectId")]
    [DataRow("-p:SyncStorageUrl=http://127.0.0.1:9", "SYNC0007", "http://127.0.0.1:9")]
    [DataRow("-p:SyncStorageDirectory=/proc/nowhere", "SYNC0004", "/proc/nowhere")]
    public async Task The_tests_run_on(string argument, string code, string named)
    {
        using var user = new UserFolder();
        user.WithMSTest();

        CommandResult run = await user.TestAsync("Unit", argument);

        Assert.AreEqual(0, run.ExitCode, run.Output);
        StringAssert.Contains(run.Output, code);
        StringAssert.Contains(run.Output, named);
        StringAssert.Contains(run.Output, "Passed!");
        user.Passed();
    }

    [TestMethod]
    public async Task A_setting_of_the_environment_is_named_as_such()
    {
        using var user = new UserFolder();
        user.WithMSTest();
        user.Environment["TMS_CONFIGURATION_ID"] = "no-guid";

        CommandResult run = await user.TestAsync("Unit");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        StringAssert.Contains(run.Output, "SYNC0002");
        StringAssert.Contains(run.Output, "environment variable TMS_CONFIGURATION_ID");
        user.Report.AssertWhole();
        user.Passed();
    }

    [TestMethod]
    public async Task A_token_given_as_a_property_stops_the_build()
    {
        using var user = new UserFolder();
        user.WithMSTest();

        CommandResult run = await user.TestAsync("Unit", "-p:SyncStoragePrivateToken=s3cret-value");

        Assert.AreEqual(1, run.ExitCode, run.Output);
        StringAssert.Contains(run.Output, "error SYNC0001");
        Assert.IsFalse(run.Output.Contains("s3cret-value", System.StringComparison.Ordinal));
        Assert.IsFalse(run.Output.Contains("Passed!", System.StringComparison.Ordinal));
        user.Passed();
    }

    [TestMethod]
    public async Task Trouble_fails_the_build_under_FailOnError()
    {
        using var user = new UserFolder();
        user.WithMSTest();

        CommandResult run = await user.TestAsync("Unit", "-p:SyncStoragePort=notaport", "-p:SyncStorageFailOnError=true");

        Assert.AreEqual(1, run.ExitCode, run.Output);
        StringAssert.Contains(run.Output, "error SYNC0002");
        user.Passed();
    }

    [TestMethod]
    public async Task A_warning_can_be_suppressed()
    {
        using var user = new UserFolder();
        user.WithMSTest(properties: "<NoWarn>$(NoWarn);SYNC0002</NoWarn>");

        CommandResult run = await user.TestAsync("Unit", "-p:SyncStoragePort=notaport");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.IsFalse(run.Output.Contains("SYNC0002", System.StringComparison.Ordinal), run.Output);
        user.Passed();
    }
}

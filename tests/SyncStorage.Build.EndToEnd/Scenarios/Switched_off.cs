using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

[TestClass]
public sealed class Switched_off
{
    [TestMethod]
    public async Task Nothing_is_started_and_nothing_is_written()
    {
        using var user = new UserFolder();
        user.WithMSTest();
        user.Environment["TMPDIR"] = Directory.CreateDirectory(Path.Combine(user.Path, "tmp")).FullName;

        foreach (string[] call in new string[][]
        {
            ["restore", "Unit"], ["build", "Unit", "--no-restore"], ["test", "Unit", "--no-build", "--list-tests"], ["test", "Unit", "--no-build", "-p:SyncStorageEnabled=false"],
            ["msbuild", "Unit", "-t:ResolveReferences", "-p:DesignTimeBuild=true"],
        })
        {
            CommandResult result = await user.DotnetAsync(call);
            Assert.AreEqual(0, result.ExitCode, result.Output);
            Assert.IsFalse(result.Output.Contains("Sync Storage", System.StringComparison.Ordinal), result.Output);
        }

        Assert.IsEmpty(Directory.GetDirectories(user.Path, "SyncStorage*", SearchOption.AllDirectories).Where(d => !d.Contains("obj")).ToArray());
        user.Passed();
    }

    [TestMethod]
    public async Task A_library_is_no_worker()
    {
        using var user = new UserFolder();
        user.WithMSTest();
        user.Write("Library/Library.csproj", """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><IsTestProject>false</IsTestProject></PropertyGroup></Project>""");
        user.WithSolution();

        CommandResult run = await user.TestAsync();

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.HasCount(1, user.Report.AssertWhole().Workers);
        user.Passed();
    }
}

using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

[TestClass]
public sealed class A_killed_server
{
    [TestMethod]
    public async Task Is_restarted_and_every_result_is_accounted_for()
    {
        using var user = new UserFolder();
        string mark = Path.Combine(user.Path, "mark");
        user.Environment["MARK"] = mark;
        user.WithMSTest(body: """
            [TestMethod] public void YMark() { System.IO.File.WriteAllText(Environment.GetEnvironmentVariable("MARK")!, ""); Thread.Sleep(4000); }
            [TestMethod] public void ZLast() {}
            """);
        using Command test = user.Start("test", "Unit");
        await Wait.UntilAsync(() => File.Exists(mark), TimeSpan.FromSeconds(90), () => test.Output);

        int server = Processes.ServersOf(user.Path).Single();
        await Command.RunAsync(user.Path, ["-9", server.ToString(System.Globalization.CultureInfo.InvariantCulture)], file: "kill");
        CommandResult run = await test.WaitAsync();

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual(5, user.Report.AssertWhole().Results.Observed);
        Assert.IsFalse(Processes.AnyServerOf(user.Path));
        user.Passed();
    }
}

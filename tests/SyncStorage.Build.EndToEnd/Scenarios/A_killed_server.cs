using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

[TestClass]
public sealed class A_killed_server
{
    [TestMethod]
    public Task Is_restarted_and_every_result_is_accounted_for() => AssertRestartedAsync(server => null);

    /// <summary>Who looks at process ids alone would wait for the other process, and kill it in the end.</summary>
    [TestMethod]
    public Task Is_restarted_although_another_process_gets_its_id()
        => AssertRestartedAsync(Impostor.WithId);

    private static async Task AssertRestartedAsync(Func<int, Impostor?> successor)
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
        using Impostor? impostor = successor(server);
        CommandResult run = await test.WaitAsync();

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.AreEqual(5, user.Report.AssertWhole().Results.Observed);
        Assert.IsFalse(Processes.AnyServerOf(user.Path));
        Assert.AreNotEqual(false, impostor?.IsAlive);
        user.Passed();
    }
}

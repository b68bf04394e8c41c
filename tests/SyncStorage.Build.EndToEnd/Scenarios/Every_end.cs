using System.Diagnostics;
using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>However a run ends: same exit code, no hang, nothing left behind, results so far kept.</summary>
[TestClass]
public sealed class Every_end
{
    private const string SlowTest = """[TestMethod] public void ZSlow() { Console.WriteLine("slow started"); System.IO.File.WriteAllText(Environment.GetEnvironmentVariable("MARK")!, ""); Thread.Sleep(20000); }""";

    [TestMethod]
    public async Task Failing_tests()
    {
        using var user = new UserFolder();
        user.WithMSTest(body: """[TestMethod] public void Bad() => Assert.Fail("as expected");""");

        CommandResult run = await user.TestAsync("Unit");

        Assert.AreEqual(1, run.ExitCode, run.Output);
        Report report = user.Report.AssertWhole();
        Assert.AreEqual(new Outcomes(2, 1, 1), report.Results.Outcomes);
        StringAssert.Contains(report.Lines.Single(l => l.Outcome == "Failed").Message, "as expected");
        user.Passed();
    }

    [TestMethod]
    public async Task A_build_error()
    {
        using var user = new UserFolder();
        user.WithMSTest(body: "this is no C#");

        CommandResult run = await user.TestAsync("Unit");

        Assert.AreEqual(1, run.ExitCode, run.Output);
        Assert.AreEqual(0, user.Report.AssertWhole().Results.Observed);
        user.Passed();
    }

    [TestMethod]
    public async Task A_crashing_test_host()
    {
        using var user = new UserFolder();
        user.WithMSTest(body: """[TestMethod] public void ZCrash() => Environment.FailFast("as expected");""");

        CommandResult run = await user.TestAsync("Unit");

        Assert.AreEqual(1, run.ExitCode, run.Output);
        Assert.AreEqual("completed", user.Report.State);
        user.Passed();
    }

    [TestMethod]
    public async Task A_reader_at_the_end_of_a_pipe()
    {
        using var user = new UserFolder();
        user.WithMSTest();

        CommandResult run = await Command.RunAsync(user.Path, ["-c", "set -o pipefail; dotnet test Unit | cat"], user.Environment, "bash");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        user.Report.AssertWhole();
        user.Passed();
    }

    [TestMethod]
    [DataRow("INT")]
    [DataRow("TERM")]
    [DataRow("KILL")]
    public async Task A_signal_to_dotnet_test(string signal)
    {
        using var user = new UserFolder();
        string mark = Path.Combine(user.Path, "mark");
        user.Environment["MARK"] = mark;
        user.WithMSTest(body: SlowTest);
        using Command test = user.Start("test", "Unit");
        await Wait.UntilAsync(() => File.Exists(mark), TimeSpan.FromSeconds(90), () => test.Output);

        await test.SignalAsync(signal);

        var clock = Stopwatch.StartNew();
        await Wait.UntilAsync(() => user.Reports is [{ State: "completed" or "interrupted" }], TimeSpan.FromSeconds(20), () => test.Output);
        await Wait.UntilAsync(() => !Processes.AnyServerOf(user.Path), TimeSpan.FromSeconds(20) - clock.Elapsed, () => "a server is left");
        user.Passed();
    }
}

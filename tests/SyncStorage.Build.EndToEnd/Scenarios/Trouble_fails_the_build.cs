using System.Diagnostics;
using System.Globalization;
using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>SyncStorageFailOnError: the same command gives the same exit code every time. SYNCSTORAGE_REPEATS runs each case so often.</summary>
[TestClass]
public sealed class Trouble_fails_the_build
{
    private const int CompletionTimeout = 3;

    private static readonly int Repeats = int.TryParse(Environment.GetEnvironmentVariable("SYNCSTORAGE_REPEATS"), NumberStyles.None, CultureInfo.InvariantCulture, out int repeats) ? repeats : 2;

    private static readonly Dictionary<string, Action<TestItServer, UserFolder>> Faults = new()
    {
        ["none"] = (_, _) => { },
        ["Test IT cannot be reached"] = (_, user) => user.Environment["TMS_URL"] = $"http://127.0.0.1:{Ports.Free()}",
        ["the token is refused"] = (testIt, _) => testIt.Faults.AnswerStatus(401, int.MaxValue),
        ["results are rejected"] = (testIt, _) => RefuseAt(testIt, "/testResults", 400),
        ["results cannot be taken"] = (testIt, _) => RefuseAt(testIt, "/testResults", 503),
        ["attachments are refused"] = (testIt, _) => RefuseAt(testIt, "/attachments", 400),
    };

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("none", "")]
    [DataRow("Test IT cannot be reached", "SYNC0010")]
    [DataRow("the token is refused", "SYNC0011")]
    [DataRow("results are rejected", "SYNC0014")]
    [DataRow("results cannot be taken", "SYNC0015")]
    [DataRow("attachments are refused", "SYNC0021")]
    public async Task Every_time(string fault, string code)
    {
        await using TestItServer testIt = await TestItServer.StartAsync();
        using var user = new UserFolder();
        const string attached = """
            public TestContext TestContext { get; set; }
            [TestMethod] public void Attaches() { System.IO.File.WriteAllText("note.txt", "text"); TestContext.AddResultFile("note.txt"); }
            """;
        user.WithMSTest("One", attached).WithMSTest("Two", attached).WithXunit("Three").WithSolution().Publishing(testIt, "2", null);
        Faults[fault](testIt, user);
        Assert.AreEqual(0, (await user.DotnetAsync("build")).ExitCode);

        TimeSpan shortest = TimeSpan.MaxValue;
        TimeSpan longest = TimeSpan.Zero;
        for (int i = 0; i < Repeats; i++)
        {
            var took = Stopwatch.StartNew();
            CommandResult result = await user.TestAsync("--no-build", "-p:SyncStorageFailOnError=true", $"-p:SyncStorageCompletionTimeout={CompletionTimeout}");
            (shortest, longest) = (Min(shortest, took.Elapsed), Max(longest, took.Elapsed));

            Assert.AreEqual(code.Length > 0, result.ExitCode != 0, $"run {i + 1}: {result.Output}");
            Assert.DoesNotContain("could not be started", result.Output);
            if (code.Length > 0)
            {
                StringAssert.Contains(result.Output, $"error {code}", $"run {i + 1}: {result.Output}");
            }
            else
            {
                Assert.DoesNotContain("SYNC0", result.Output);
            }
        }

        TestContext.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{fault}: {Repeats} of {Repeats}, {shortest.TotalSeconds:0.0} to {longest.TotalSeconds:0.0} s"));
        user.Passed();
    }

    private static void RefuseAt(TestItServer testIt, string path, int status)
    {
        testIt.Faults.Applies = (method, asked) => method == "POST" && asked.EndsWith(path, StringComparison.Ordinal);
        testIt.Faults.AnswerStatus(status, int.MaxValue);
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

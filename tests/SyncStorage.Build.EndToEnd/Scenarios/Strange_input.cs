using System.Diagnostics;
using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;
using TestResult = Microsoft.VisualStudio.TestPlatform.ObjectModel.TestResult;

namespace SyncStorage.Build.EndToEnd.Scenarios;

[TestClass]
[TestCategory(Promise.StrangeInput)]
public sealed class Strange_input
{
    private const int Count = 20_000;
    private const int Connections = 8;

    public TestContext TestContext { get; set; } = null!;

    /// <summary>Three quarters of them know the session's secret: they are let in further.</summary>
    [TestMethod]
    public async Task Of_twenty_thousand_requests_does_not_touch_the_run_that_the_server_is_at()
    {
        const int seed = 20261122;
        await using Stage stage = await Stage.SetAsync();
        using Command test = await stage.Trial.StartAsync(Kind.Waiting);
        await stage.Trial.UntilWaitingAsync(test);
        (string url, string secret) = stage.Trial.ReadServer();
        using var server = Process.GetProcessById(stage.Trial.Servers.Single());
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Connections });
        long early = 0;

        for (int quarter = 0; quarter < 4; quarter++)
        {
            StrangeRequests requests = new(new Random(seed + quarter));
            StrangeRequest[] round = [.. Enumerable.Range(0, Count / 4).Select(_ => requests.Next())];
            string? known = quarter == 0 ? null : secret;
            await Parallel.ForEachAsync(round, new ParallelOptions { MaxDegreeOfParallelism = Connections }, async (request, cancellation) =>
            {
                // With the secret these end the only run, and who registers without an id is a worker of it.
                bool ends = request.PathAndQuery.StartsWith("/shutdown", StringComparison.Ordinal) || request.PathAndQuery.StartsWith("/force", StringComparison.Ordinal)
                    || request.PathAndQuery.StartsWith("/register", StringComparison.Ordinal);
                int status = await SendAsync(http, url, request, ends ? "wrong" : known, cancellation);
                Assert.IsTrue(status is 200 or (>= 400 and < 500), $"seed {seed} + {quarter}: {status} for {request}");
            });
            server.Refresh();
            early = quarter == 0 ? server.WorkingSet64 : early;
        }

        Assert.IsLessThan(early * 3 / 2, server.WorkingSet64, "bytes of memory after 5000 and 20 000 requests");
        stage.Trial.Go();
        CommandResult result = await test.WaitAsync();
        Assert.AreEqual(0, result.ExitCode, result.Output);
        Report report = stage.Trial.Reports.Single(report => report.TestRunId == stage.Run.Id).AssertWhole();
        Assert.AreEqual((5, 5), (report.Results.Observed, report.Results.Sent), result.Output);
        Assert.AreEqual("", string.Join('\n', stage.TestIt.Check(stage.Run)));
        Assert.HasCount(5, stage.Run.Rows);
        await stage.Trial.AssertNothingLeftAsync();
        TestContext.WriteLine($"cases: {Count}");
        stage.Trial.Passed();
    }

    /// <summary>
    /// A test adapter of the user's own, in VSTest's own test host, hands over names and messages that nobody would write. What Test IT
    /// gets is what went in, but for what is documented: half of a surrogate pair is U+FFFD, Test IT gets no NUL, tags become entities.
    /// </summary>
    [TestMethod]
    public async Task Of_twenty_thousand_tests_reaches_Test_IT_as_it_is()
    {
        const int seed = 20260102;
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { RecordBodies = false });
        TestItStandIn.TestRun run = testIt.AddRun();
        using UserFolder user = new UserFolder("odd").WithAdapterOfOddTests(seed, Count).Publishing(testIt, "1", run.Id);

        CommandResult result = await user.TestAsync("Odd.TestAdapter", "--verbosity", "quiet", "--logger", "console;verbosity=quiet");

        Report report = user.Report.AssertWhole();
        Assert.AreEqual(1, result.ExitCode, "some of the tests fail");
        Assert.AreEqual((Count, Count), (report.Results.Observed, report.Results.Sent), result.Output);
        Assert.AreEqual("", string.Join('\n', testIt.Check(run).Take(5)));
        AssertSame(seed, report, run);
        Assert.IsEmpty(testIt.AutoTests.Where(test => string.IsNullOrWhiteSpace(test.Name)).ToList());
        TestContext.WriteLine($"cases: {Count}");
        user.Passed();
    }

    private static void AssertSame(int seed, Report report, TestItStandIn.TestRun run)
    {
        Dictionary<string, ResultRow> rows = run.Rows.ToDictionary(row => row.ExternalId);
        Dictionary<string, ResultLine> lines = report.Lines.ToDictionary(line => line.AutoTestExternalId);
        var random = new Random(seed);
        for (int i = 0; i < Count; i++)
        {
            TestResult expected = OddTests.Next(random, i);
            ResultLine line = lines["odd-" + i];
            Assert.AreEqual(OddTests.WellFormed(expected.TestCase.FullyQualifiedName), line.FullyQualifiedName, $"seed {seed}, name {i}");
            Assert.AreEqual(expected.Outcome.ToString(), line.Outcome, $"seed {seed}, outcome {i}");
            Assert.AreEqual(OddTests.WellFormed(expected.ErrorMessage), line.Message ?? "", $"seed {seed}, message {i}");
            Assert.AreEqual(OddTests.InTestIt(expected.ErrorMessage), rows["odd-" + i].Message ?? "", $"seed {seed}, message {i} in Test IT");
            Assert.AreEqual(OddTests.InTestIt(expected.ErrorStackTrace), rows["odd-" + i].Traces ?? "", $"seed {seed}, trace {i} in Test IT");
            if (!string.IsNullOrWhiteSpace(expected.DisplayName))
            {
                Assert.AreEqual(OddTests.WellFormed(expected.DisplayName), line.DisplayName, $"seed {seed}, display name {i}");
            }
        }
    }

    private static async Task<int> SendAsync(HttpClient http, string url, StrangeRequest strange, string? secret, CancellationToken cancellation)
    {
        using HttpRequestMessage request = strange.ToMessage(url);
        if (secret is not null)
        {
            request.Headers.Add("X-SyncStorage-Secret", secret);
        }

        using HttpResponseMessage response = await http.SendAsync(request, cancellation);
        return (int)response.StatusCode;
    }
}

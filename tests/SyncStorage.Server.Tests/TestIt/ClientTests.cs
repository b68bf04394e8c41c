using System.Diagnostics;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
public sealed class ClientTests
{
    private const string Token = "canary-token-4711";

    /// <summary>What is asked again, and how often, when a status comes once.</summary>
    [TestMethod]
    [DataRow(400, 1)]
    [DataRow(401, 1)]
    [DataRow(403, 1)]
    [DataRow(404, 1)]
    [DataRow(409, 1)]
    [DataRow(413, 1)]
    [DataRow(422, 1)]
    [DataRow(408, 2)]
    [DataRow(429, 2)]
    [DataRow(500, 2)]
    [DataRow(502, 2)]
    [DataRow(503, 2)]
    public async Task A_question_is_repeated_only_when_that_can_help(int status, int expected)
    {
        await using TestItServer testIt = await StartAsync();
        var run = testIt.AddRun();
        using TestItClient client = Client(testIt);
        testIt.Faults.AnswerStatus(status, 1);
        TestItException? failure = null;
        try
        {
            await client.GetRunAsync(run.Id, CancellationToken.None);
        }
        catch (TestItException e)
        {
            failure = e;
        }

        Assert.HasCount(expected, testIt.Requests);
        Assert.AreEqual(expected == 1, failure is not null);
        Assert.DoesNotContain(Token, failure?.ToString() ?? "");
    }

    /// <summary>Posting results is not idempotent: it is repeated only when the first try surely did nothing.</summary>
    [TestMethod]
    [DataRow(408, 2)]
    [DataRow(429, 2)]
    [DataRow(500, 1)]
    [DataRow(503, 1)]
    public async Task Results_are_posted_again_only_when_nothing_arrived(int status, int expected)
    {
        await using TestItServer testIt = await StartAsync();
        var run = testIt.AddRun();
        testIt.AddAutoTest("a", "a");
        using TestItClient client = Client(testIt);
        testIt.Faults.AnswerStatus(status, 1);
        var result = new ResultModel { ConfigurationId = new TestItOptions().ConfigurationId, AutoTestExternalId = "a", StatusType = "Failed", Duration = 1, StartedOn = DateTime.UtcNow, CompletedOn = DateTime.UtcNow.AddSeconds(1) };
        try
        {
            await client.PostResultsAsync(run.Id, [result], CancellationToken.None);
        }
        catch (TestItException e)
        {
            Assert.IsTrue(e.Unclear);
        }

        Assert.HasCount(expected, testIt.Requests);
    }

    [TestMethod]
    public async Task Retry_after_is_honoured()
    {
        await using TestItServer testIt = await StartAsync();
        var run = testIt.AddRun();
        using TestItClient client = Client(testIt);
        testIt.Faults.AnswerTooManyRequests(1);
        testIt.Faults.RetryAfterSeconds = 1;
        var watch = Stopwatch.StartNew();
        await client.GetRunAsync(run.Id, CancellationToken.None);
        Assert.IsGreaterThan(900, watch.ElapsedMilliseconds);
    }

    [TestMethod]
    public async Task A_dead_Test_IT_is_not_asked_again_and_again()
    {
        await using TestItServer testIt = await StartAsync();
        testIt.Faults.Down = true;
        using TestItClient client = Client(testIt);
        var watch = Stopwatch.StartNew();
        int calls = 0;
        while (watch.ElapsedMilliseconds < 1000)
        {
            calls++;
            await Assert.ThrowsAsync<TestItException>(() => client.GetRunAsync(Guid.NewGuid().ToString(), CancellationToken.None));
            await Task.Delay(10);
        }

        Assert.IsGreaterThan(5, calls);
        Assert.IsLessThan(12, testIt.Requests.Count);
    }

    [TestMethod]
    public async Task Nobody_there_means_that_nothing_was_done()
    {
        string url;
        await using (TestItServer testIt = await StartAsync())
        {
            url = testIt.Url;
        }

        using var client = TestItClient.For(new RunSettings { Url = url }, Token, PublisherFixture.Quick with { Retries = 1 }, TimeProvider.System);
        TestItException e = await Assert.ThrowsAsync<TestItException>(() => client.GetRunAsync("x", CancellationToken.None));
        Assert.AreEqual(TestItError.Unreachable, e.Error);
        Assert.IsFalse(e.Unclear);
        Assert.DoesNotContain(Token, e.ToString());
    }

    [TestMethod]
    [DataRow("line\nbreak")]
    [DataRow("ключ")]
    public async Task A_token_that_is_no_header_is_in_no_message(string token)
    {
        await using TestItServer testIt = await StartAsync();
        using var client = TestItClient.For(new RunSettings { Url = testIt.Url }, token, PublisherFixture.Quick with { Retries = 1 }, TimeProvider.System);
        TestItException e = await Assert.ThrowsAsync<TestItException>(() => client.GetRunAsync(Guid.NewGuid().ToString(), CancellationToken.None));
        Assert.DoesNotContain(token, e.ToString());
    }

    [TestMethod]
    public async Task Every_page_of_a_search_is_read()
    {
        await using TestItServer testIt = await StartAsync();
        var run = testIt.AddRun();
        for (int i = 0; i < 230; i++)
        {
            testIt.AddPlannedRow(run, "t" + i);
        }

        using TestItClient client = Client(testIt);
        List<ResultHit> hits = await client.SearchResultsAsync(new ResultFilterModel { TestRunIds = [run.Id] }, CancellationToken.None);
        Assert.AreEqual(230, hits.Select(hit => hit.Id).Distinct().Count());
    }

    private static Task<TestItServer> StartAsync() => TestItServer.StartAsync(new TestItOptions { Token = Token });

    private static TestItClient Client(TestItServer testIt) => TestItClient.For(new RunSettings { Url = testIt.Url }, Token, PublisherFixture.Quick, TimeProvider.System);
}

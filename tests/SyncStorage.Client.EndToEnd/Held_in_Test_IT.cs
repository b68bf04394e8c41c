using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Json;
using System.Threading;
using System.Threading.Tasks;
using TestItStandIn;

namespace SyncStorage.Client.EndToEnd;

/// <summary>The adapters write their results themselves; the held-back one gets its final status from Sync Storage.</summary>
[TestClass]
public sealed class Held_in_Test_IT : EmbeddedScenario
{
    private const string Token = "canary-token-4711";

    [TestMethod]
    public async Task The_held_result_of_three_adapters_becomes_final_and_the_token_is_nowhere()
    {
        var options = new TestItOptions { Token = Token };
        await using TestItServer testIt = await TestItServer.StartAsync(options);
        TestItStandIn.TestRun run = testIt.AddRun(RunId);
        var adapters = new List<TestItAdapter>();
        for (int i = 0; i < 3; i++)
        {
            var adapter = new TestItAdapter(testIt.Url, options, RunId, new SyncStorageOptions { Log = Log.Add, Directory = Folder });
            Assert.IsTrue(adapter.Initialize(new SyncStorageConfig(RunId, Port, testIt.Url, Token) { ProjectId = options.ProjectId }));
            Assert.IsTrue(await adapter.StartAsync(), Log.All);
            adapters.Add(adapter);
        }

        string arguments = string.Join("\n", Processes.ServersOf(Folder).Select(pid => File.ReadAllText($"/proc/{pid}/cmdline") + File.ReadAllText($"/proc/{pid}/environ")));
        for (int i = 0; i < 9; i++)
        {
            testIt.AddAutoTest($"test {i}", $"test {i}");
            bool held = await adapters[i % 3].OnTestCaseCompletedAsync(new SyncStorageTestResult($"test {i}", "Failed")
            {
                ConfigurationId = options.ConfigurationId,
                StartedOn = DateTimeOffset.UtcNow.AddMilliseconds(-5),
                CompletedOn = DateTimeOffset.UtcNow,
                Duration = 5,
            });
            Assert.AreEqual(i == 0, held, Log.All);
        }

        Assert.AreEqual("InProgress", run.State);
        await Task.WhenAll(adapters.Select(a => a.StopAsync()));
        foreach (TestItAdapter adapter in adapters)
        {
            await adapter.DisposeAsync();
        }

        Assert.IsEmpty(testIt.Check(run), string.Join("\n", testIt.Check(run)) + Log.All);
        Assert.HasCount(9, run.Rows.Where(row => row.StatusType == "Failed"));
        Assert.IsTrue(Report().GetProperty("inProgress").GetProperty("finalized").GetBoolean());

        string written = string.Join("\n", Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.DoesNotContain(Token, arguments + written + Log.All);
    }

    /// <summary>What an adapter author writes: one POST.</summary>
    private sealed class TestItAdapter(string url, TestItOptions testIt, string testRunId, SyncStorageOptions options) : SyncStorageAdapter(options)
    {
        protected override async Task WriteResultAsync(SyncStorageTestResult result, bool inProgress, CancellationToken cancellationToken)
        {
            using var http = new HttpClient();
            http.DefaultRequestHeaders.Add("Authorization", "PrivateToken " + testIt.Token);
            var row = new
            {
                configurationId = result.ConfigurationId,
                autoTestExternalId = result.AutoTestExternalId,
                statusType = inProgress ? "InProgress" : result.StatusType,
                statusCode = inProgress ? null : result.StatusCode,
                startedOn = result.StartedOn,
                completedOn = result.CompletedOn,
                duration = result.Duration,
            };
            HttpResponseMessage answer = await http.PostAsJsonAsync($"{url}/api/v2/testRuns/{testRunId}/testResults", new[] { row }, cancellationToken);
            Assert.IsTrue(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
        }
    }
}

using SyncStorage.Server.TestIt.Api;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Planning;

/// <summary>Adapter mode 0: asks Test IT which tests the run wants.</summary>
internal static class PlannedTests
{
    /// <returns>A plan with <see cref="TestPlan.Problem"/> when it could not be fetched. Never throws but when cancelled.</returns>
    public static Task<TestPlan> FetchAsync(RunSettings settings, string privateToken, TimeProvider time, CancellationToken cancellation)
        => FetchAsync(settings, privateToken, time, new TestItTiming(), cancellation);

    internal static async Task<TestPlan> FetchAsync(RunSettings settings, string privateToken, TimeProvider time, TestItTiming timing, CancellationToken cancellation)
    {
        using var client = TestItClient.For(settings, privateToken, timing, time);
        try
        {
            await client.OpenProjectAsync(settings.ProjectId!, cancellation).ConfigureAwait(false);
            await client.GetRunAsync(settings.TestRunId, cancellation).ConfigureAwait(false);
            var filter = new ResultFilterModel { TestRunIds = [settings.TestRunId], ConfigurationIds = [settings.ConfigurationId!], StatusTypes = ["InProgress"] };
            List<ResultHit> planned = await client.SearchResultsAsync(filter, strict: true, cancellation).ConfigureAwait(false);
            if (planned.Exists(hit => string.IsNullOrWhiteSpace(hit.AutotestExternalId)))
            {
                // Which test it stands for nobody knows, and without it others would be all that runs.
                return new TestPlan { Problem = $"Test IT at {settings.Url} names a planned result without the external id of its autotest." };
            }

            var found = new List<AutoTestDetails>();
            string[] ids = planned.Select(hit => hit.AutotestExternalId!).Distinct().ToArray();
            foreach (string[] some in ids.Chunk(TestItClient.MostPerRequest))
            {
                found.AddRange(await client.SearchAutoTestsAsync(settings.ProjectId!, some, details: false, strict: true, cancellation).ConfigureAwait(false));
            }

            if (found.Exists(test => string.IsNullOrWhiteSpace(test.ExternalId)))
            {
                return new TestPlan { Problem = $"Test IT at {settings.Url} names a planned autotest without an external id." };
            }

            Dictionary<string, AutoTestDetails> byId = found.GroupBy(test => test.ExternalId!).ToDictionary(group => group.Key, group => group.First());
            return new TestPlan { Tests = ids.Select(id => Describe(id, byId.GetValueOrDefault(id))).ToList() };
        }
        catch (TestItException e)
        {
            return new TestPlan { Problem = e.Message };
        }
    }

    internal static PlannedAutoTest Describe(string externalId, AutoTestDetails? test) => new()
    {
        ExternalId = externalId,
        Type = test is null ? "" : string.Join('.', new[] { test.Namespace, test.Classname }.OfType<string>().Where(part => !string.IsNullOrWhiteSpace(part)).Select(Unescape)),
        Name = test is null ? "" : Unescape(test.Name).Trim(),
    };

    /// <summary>What looks like a tag was escaped on its way to Test IT: the class of a generic fixture, for one.</summary>
    private static string Unescape(string text)
        => text.Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal);
}

using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>Adapter mode 0: asks Test IT which tests the run wants, and makes VSTest filters of the answer.</summary>
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

            return found.Exists(test => string.IsNullOrWhiteSpace(test.ExternalId))
                ? new TestPlan { Problem = $"Test IT at {settings.Url} names a planned autotest without an external id." }
                : MakePlan(ids, found);
        }
        catch (TestItException e)
        {
            return new TestPlan { Problem = e.Message };
        }
    }

    internal static TestPlan MakePlan(IReadOnlyList<string> externalIds, IReadOnlyList<AutoTestDetails> autoTests)
    {
        Dictionary<string, AutoTestDetails> byId = autoTests.Where(test => test.ExternalId is not null).GroupBy(test => test.ExternalId!).ToDictionary(group => group.Key, group => group.First());
        List<PlannedTest> planned = externalIds.Select(id => PlannedTest.Of(id, byId.GetValueOrDefault(id))).ToList();
        return new TestPlan
        {
            Common = PlannedFilters.Common(planned),
            ByFramework = new Dictionary<string, PlannedFilter>
            {
                [TestFrameworks.MSTest] = PlannedFilters.MSTest(planned),
                [TestFrameworks.NUnit] = PlannedFilters.NUnit(planned),
                [TestFrameworks.Xunit] = PlannedFilters.Xunit(planned),
            },
        };
    }
}

/// <summary>An autotest that the run asks for, with its texts as the test framework has them.</summary>
/// <param name="Type">Its class with namespace; empty when Test IT does not know.</param>
/// <param name="Name">Of the method, in xUnit of the test; without the type.</param>
/// <param name="Method">The fully qualified name, where the external id is one.</param>
internal sealed record PlannedTest(string ExternalId, string Type, string Name, string? Method)
{
    public static PlannedTest Of(string externalId, AutoTestDetails? test)
    {
        if (test is null)
        {
            return new PlannedTest(externalId, "", "", null);
        }

        string type = string.Join('.', new[] { test.Namespace, test.Classname }.OfType<string>().Where(part => !string.IsNullOrWhiteSpace(part)).Select(Unescape));
        bool isMethod = IsPlain(externalId) && externalId.Contains('.', StringComparison.Ordinal) && (type.Length == 0 || externalId.StartsWith(type + ".", StringComparison.Ordinal));
        return new PlannedTest(externalId, type, Unescape(test.Name ?? "").Trim(), isMethod ? externalId : null);
    }

    /// <summary>Letters, digits and what joins them: nothing that any framework's filter could stumble over.</summary>
    public static bool IsPlain(string text)
        => text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || c is '_' or '.' or '+' or '`') && text[0] != '.' && text[^1] != '.';

    public override string ToString() => Name.Length > 0 ? $"{Name} ({ExternalId})" : ExternalId;

    /// <summary>What looks like a tag was escaped on its way to Test IT: the class of a generic fixture, for one.</summary>
    private static string Unescape(string text)
        => text.Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal);
}

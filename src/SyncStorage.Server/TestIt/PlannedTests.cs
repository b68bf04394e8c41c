using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>Adapter mode 0: asks Test IT which tests the run wants, and makes a VSTest filter of the answer.</summary>
internal static class PlannedTests
{
    /// <summary>A filter that no test passes. An empty one would let all pass.</summary>
    internal const string NothingFilter = "FullyQualifiedName=SyncStorage.NothingIsPlanned";

    /// <returns>A plan with <see cref="TestPlan.Problem"/> when it could not be fetched. Never throws but when cancelled.</returns>
    public static Task<TestPlan> FetchAsync(RunSettings settings, string privateToken, TimeProvider time, CancellationToken cancellation)
        => FetchAsync(settings, privateToken, time, new TestItTiming(), cancellation);

    internal static async Task<TestPlan> FetchAsync(RunSettings settings, string privateToken, TimeProvider time, TestItTiming timing, CancellationToken cancellation)
    {
        using var client = new TestItClient(settings.Url!, privateToken, settings.CertValidation, timing, time);
        try
        {
            await client.OpenProjectAsync(settings.ProjectId!, cancellation).ConfigureAwait(false);
            await client.GetRunAsync(settings.TestRunId, cancellation).ConfigureAwait(false);
            var filter = new ResultFilterModel { TestRunIds = [settings.TestRunId], ConfigurationIds = [settings.ConfigurationId!], StatusTypes = ["InProgress"] };
            List<ResultHit> planned = await client.SearchResultsAsync(filter, cancellation).ConfigureAwait(false);
            var found = new List<AutoTestDetails>();
            string[] ids = planned.Select(hit => hit.AutotestExternalId).OfType<string>().Distinct().ToArray();
            foreach (string[] some in ids.Chunk(TestItClient.MostPerRequest))
            {
                found.AddRange(await client.SearchAutoTestsAsync(settings.ProjectId!, some, details: false, cancellation).ConfigureAwait(false));
            }

            return MakePlan(ids, found);
        }
        catch (TestItException e)
        {
            return new TestPlan { Problem = e.Message };
        }
    }

    /// <summary>
    /// Only <c>FullyQualifiedName=</c> is used: it is the one property that MSTest, NUnit and xUnit all know, and in NUnit it covers the
    /// rows of the method as well. All rows of a planned method run, since no expression that they share names a single
    /// row. A bracket never stands in the filter, escaped or not: NUnit's adapter cannot read one.
    /// </summary>
    internal static TestPlan MakePlan(IReadOnlyList<string> externalIds, IReadOnlyList<AutoTestDetails> autoTests)
    {
        Dictionary<string, AutoTestDetails> byId = autoTests.Where(test => test.ExternalId is not null).GroupBy(test => test.ExternalId!).ToDictionary(group => group.Key, group => group.First());
        var methods = new SortedSet<string>(StringComparer.Ordinal);
        var notExpressible = new List<string>();
        foreach (string id in externalIds)
        {
            if (byId.TryGetValue(id, out AutoTestDetails? test) && MethodOf(id, test) is string method)
            {
                methods.Add(method);
            }
            else
            {
                notExpressible.Add(test is null ? id : $"{test.Name} ({id})");
            }
        }

        return new TestPlan
        {
            Filter = methods.Count > 0 ? string.Join('|', methods.Select(method => "FullyQualifiedName=" + method)) : NothingFilter,
            NotExpressible = notExpressible,
        };
    }

    /// <returns>The fully qualified name of the test's method; null when it cannot be told, or no filter can hold it.</returns>
    private static string? MethodOf(string externalId, AutoTestDetails test)
    {
        string type = string.Join('.', new[] { test.Namespace, test.Classname }.Where(part => !string.IsNullOrWhiteSpace(part)));
        if (IsName(externalId) && externalId.Contains('.', StringComparison.Ordinal) && (type.Length == 0 || externalId.StartsWith(type + ".", StringComparison.Ordinal)))
        {
            // SyncStorageExternalId=FullyQualifiedName.
            return externalId;
        }

        if (type.Length == 0)
        {
            return null;
        }

        int open = test.Name.IndexOf('(', StringComparison.Ordinal);
        string method = $"{type}.{(open > 0 ? test.Name[..open] : test.Name).Trim()}";
        return IsName(method) ? method : null;
    }

    /// <summary>Letters, digits and what joins them. Whatever else a name has, at least one of the frameworks' filters stumbles over it.</summary>
    private static bool IsName(string text)
        => text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || c is '_' or '.' or '+' or '`') && text[0] != '.' && text[^1] != '.';
}

using System.Collections.Concurrent;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Server.TestIt.Content;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>
/// Sees to it that the autotests of a batch exist and say what their results say: one search, and one creation or update only when
/// something is missing. Each autotest is looked at once per run.
/// </summary>
internal sealed class AutoTestCatalog(TestItClient client, RunSettings settings, Action<Diagnostic> notice) : IDisposable
{
    private readonly ConcurrentDictionary<UInt128, bool> _known = [];

    /// <summary>Whether the work item exists; those that were never asked for are not in it.</summary>
    private readonly ConcurrentDictionary<string, bool> _workItems = [];

    /// <summary>Held while a work item is asked for the first time, so that an unknown one is asked for once.</summary>
    private readonly SemaphoreSlim _firstTime = new(1, 1);

    /// <summary>Forgets what it knows of these: Test IT said that they are not there after all.</summary>
    public void Forget(IEnumerable<string> externalIds)
    {
        foreach (string id in externalIds)
        {
            _known.TryRemove(Fingerprint.Of(id), out _);
        }
    }

    /// <param name="tests">At most 100, each id once.</param>
    /// <returns>The autotests that Test IT refused, with its reason; all others exist.</returns>
    public async Task<IReadOnlyDictionary<string, string>> EnsureAsync(IReadOnlyList<AutoTestContent> tests, CancellationToken cancellation)
    {
        var refused = new Dictionary<string, string>();
        var unknown = tests.Where(test => !_known.ContainsKey(Fingerprint.Of(test.ExternalId))).ToList();
        if (unknown.Count == 0)
        {
            return refused;
        }

        Dictionary<string, AutoTestDetails> found = await SearchAsync(unknown, cancellation).ConfigureAwait(false);
        var missing = unknown.Where(test => !found.ContainsKey(test.ExternalId)).ToList();
        await CreateAsync(missing, found, refused, cancellation).ConfigureAwait(false);
        var created = missing.Select(test => test.ExternalId).ToHashSet();
        await UpdateAsync(unknown.Where(test => !created.Contains(test.ExternalId)).ToList(), found, cancellation).ConfigureAwait(false);
        foreach (AutoTestContent test in unknown.Where(test => !refused.ContainsKey(test.ExternalId)))
        {
            if (test.WorkItemIds.Count > 0 && found.TryGetValue(test.ExternalId, out AutoTestDetails? details))
            {
                await LinkWorkItemsAsync(details.Id, test, isNew: created.Contains(test.ExternalId), cancellation).ConfigureAwait(false);
            }

            _known[Fingerprint.Of(test.ExternalId)] = true;
        }

        return refused;
    }

    public void Dispose() => _firstTime.Dispose();

    private async Task<Dictionary<string, AutoTestDetails>> SearchAsync(List<AutoTestContent> tests, CancellationToken cancellation)
    {
        List<AutoTestDetails> hits = await client.SearchAutoTestsAsync(settings.ProjectId!, tests.Select(test => test.ExternalId).ToList(), details: true, strict: false, cancellation).ConfigureAwait(false);
        var found = new Dictionary<string, AutoTestDetails>();
        foreach (AutoTestDetails hit in hits.Where(hit => hit.ExternalId is not null && hit.IsDeleted != true))
        {
            found[hit.ExternalId!] = hit;
        }

        return found;
    }

    private async Task CreateAsync(
        List<AutoTestContent> tests, Dictionary<string, AutoTestDetails> found, Dictionary<string, string> refused, CancellationToken cancellation)
    {
        if (tests.Count == 0)
        {
            return;
        }

        try
        {
            List<AutoTestDetails> created = await client.CreateAutoTestsAsync(
                tests.Select(test => test.ToCreate(settings.ProjectId!, settings.AutomaticCreationTestCases)).ToList(), cancellation).ConfigureAwait(false);
            foreach (AutoTestDetails one in created.Where(one => one.ExternalId is not null))
            {
                found[one.ExternalId!] = one;
            }
        }
        catch (TestItException e) when (e.Error == TestItError.Conflict)
        {
            // Somebody else (another machine of the same run) created some of them since the search.
            Dictionary<string, AutoTestDetails> now = await SearchAsync(tests, cancellation).ConfigureAwait(false);
            foreach ((string id, AutoTestDetails details) in now)
            {
                found[id] = details;
            }

            var missing = tests.Where(test => !now.ContainsKey(test.ExternalId)).ToList();
            if (missing.Count == tests.Count)
            {
                await CreateHalvesAsync(tests, found, refused, e, cancellation).ConfigureAwait(false);
            }
            else
            {
                await CreateAsync(missing, found, refused, cancellation).ConfigureAwait(false);
            }
        }
        catch (TestItException e) when (e.Error == TestItError.Invalid)
        {
            await CreateHalvesAsync(tests, found, refused, e, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>One bad autotest must not stop the other 99: it is found by halving.</summary>
    private async Task CreateHalvesAsync(
        List<AutoTestContent> tests, Dictionary<string, AutoTestDetails> found, Dictionary<string, string> refused, TestItException reason, CancellationToken cancellation)
    {
        if (tests.Count == 1)
        {
            refused[tests[0].ExternalId] = $"autotest '{tests[0].Name}': {reason.Reason}";
            return;
        }

        int half = tests.Count / 2;
        await CreateAsync(tests.Take(half).ToList(), found, refused, cancellation).ConfigureAwait(false);
        await CreateAsync(tests.Skip(half).ToList(), found, refused, cancellation).ConfigureAwait(false);
    }

    private async Task UpdateAsync(List<AutoTestContent> tests, Dictionary<string, AutoTestDetails> found, CancellationToken cancellation)
    {
        var updates = tests
            .Select(test => found.TryGetValue(test.ExternalId, out AutoTestDetails? details) ? test.ToUpdate(settings.ProjectId!, details) : null)
            .OfType<AutoTestUpdateModel>()
            .ToList();
        if (updates.Count == 0)
        {
            return;
        }

        try
        {
            await client.UpdateAutoTestsAsync(updates, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (!e.IsTransient && e.Error != TestItError.TokenRefused)
        {
            // The autotests exist, so their results can be posted; what is new about them waits for another run.
            notice(Diagnostic.Detail($"{updates.Count} autotests could not be updated: {e.Message}"));
        }
    }

    private async Task LinkWorkItemsAsync(string autoTestId, AutoTestContent test, bool isNew, CancellationToken cancellation)
    {
        List<WorkItemModel> linked = [];
        try
        {
            linked = isNew ? [] : await client.GetWorkItemsAsync(autoTestId, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (!e.IsTransient && e.Error != TestItError.TokenRefused)
        {
            notice(Diagnostic.Detail($"The work items of autotest '{test.Name}' cannot be read: {e.Message}"));
        }

        bool Names(WorkItemModel item, string id) => item.Id == id || item.GlobalId?.ToString(System.Globalization.CultureInfo.InvariantCulture) == id;
        foreach (string id in test.WorkItemIds.Where(id => !linked.Any(item => Names(item, id))))
        {
            if (_workItems.ContainsKey(id))
            {
                await LinkAsync(autoTestId, test, id, cancellation).ConfigureAwait(false);
                continue;
            }

            await _firstTime.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                await LinkAsync(autoTestId, test, id, cancellation).ConfigureAwait(false);
            }
            finally
            {
                _firstTime.Release();
            }
        }

        if (!settings.AutomaticUpdationLinksToTestCases)
        {
            return;
        }

        foreach (WorkItemModel item in linked.Where(item => !test.WorkItemIds.Any(id => Names(item, id))))
        {
            try
            {
                await client.UnlinkWorkItemAsync(autoTestId, item.GlobalId?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? item.Id, cancellation).ConfigureAwait(false);
            }
            catch (TestItException e) when (!e.IsTransient && e.Error != TestItError.TokenRefused)
            {
                notice(Diagnostic.Detail($"Work item {item.Id} was not unlinked from autotest '{test.Name}': {e.Message}"));
            }
        }
    }

    private async Task LinkAsync(string autoTestId, AutoTestContent test, string workItemId, CancellationToken cancellation)
    {
        if (_workItems.TryGetValue(workItemId, out bool exists) && !exists)
        {
            return;
        }

        try
        {
            await client.LinkWorkItemAsync(autoTestId, workItemId, cancellation).ConfigureAwait(false);
            _workItems[workItemId] = true;
        }
        catch (TestItException e) when (!e.IsTransient && e.Error != TestItError.TokenRefused)
        {
            if (e.Error == TestItError.NotFound)
            {
                _workItems[workItemId] = false;
            }

            notice(Diagnostic.Detail($"Autotest '{test.Name}' was not linked to work item {workItemId}: {e.Message}"));
        }
    }
}

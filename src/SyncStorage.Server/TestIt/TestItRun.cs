using System.Text.Json;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Server.TestIt.Content;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>
/// The run in Test IT: found or created, started, its tags and links merged, and completed when it is ours. Opening may be
/// tried again and goes on where it failed, so that a run is created once.
/// </summary>
internal sealed class TestItRun(TestItClient client, RunSettings settings, string? knownTestRunId, Action<string> created, Action<Diagnostic> notice)
{
    public const int Creates = 2;

    private string? _id = knownTestRunId ?? (settings.AdapterMode == Creates ? null : settings.TestRunId);
    private ProjectDetails? _project;
    private bool _started;

    /// <summary>Null before Test IT has confirmed it.</summary>
    public string? Id { get; private set; }

    /// <summary>Address for humans; null before it is known.</summary>
    public string? Url { get; private set; }

    public StatusCodes Codes { get; private set; } = new([]);

    /// <summary>True when nobody but this process can have put rows into it.</summary>
    public bool IsNew { get; private set; }

    /// <exception cref="TestItException">Test IT did not answer: worth another try.</exception>
    /// <exception cref="RunUnusableException">A setting is wrong, or the run is over.</exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        try
        {
            if (_project is null)
            {
                _project = await OpenProjectAsync(cancellation).ConfigureAwait(false);
                Codes = await StatusCodes.ReadAsync(client, _project, notice, cancellation).ConfigureAwait(false);
            }

            if (_id is null)
            {
                _id = await CreateAsync(cancellation).ConfigureAwait(false);
                IsNew = true;
                created(_id);
                _started = await StartAsync(_id, cancellation).ConfigureAwait(false);
            }

            if (!_started)
            {
                await JoinAsync(_id, cancellation).ConfigureAwait(false);
                _started = true;
            }

            Url = $"{settings.Url}/projects/{_project.GlobalId?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? settings.ProjectId}/test-runs/{_id}/test-results";
            Id = _id;
        }
        catch (TestItException e) when (e.Error == TestItError.TokenRefused)
        {
            throw RunUnusableException.TokenRefused(settings, e);
        }
    }

    /// <summary>Mode 2 completes what it created. Auto-close may have been faster: then there is nothing left to do.</summary>
    /// <returns>False when Test IT does not do it.</returns>
    public async Task<bool> CompleteAsync(CancellationToken cancellation)
        => settings.AdapterMode != Creates || Id is null || await CompleteAsync(client, Id, notice, cancellation).ConfigureAwait(false);

    /// <inheritdoc cref="CompleteAsync(CancellationToken)"/>
    public static async Task<bool> CompleteAsync(TestItClient client, string id, Action<Diagnostic> notice, CancellationToken cancellation)
    {
        try
        {
            await client.CompleteRunAsync(id, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.Error is TestItError.Invalid or TestItError.Conflict)
        {
            RunDetails run = await client.GetRunAsync(id, cancellation).ConfigureAwait(false);
            if (!run.IsOver)
            {
                notice(Diagnostics.RunNotCompleted(id, e.Message));
                return false;
            }
        }

        return true;
    }

    /// <summary>After Test IT refused a request: is it the run's state or the configuration that it refuses?</summary>
    public async Task ThrowIfUnusableAsync(TestItException refused, CancellationToken cancellation)
    {
        try
        {
            RunDetails run = await client.GetRunAsync(Id!, cancellation).ConfigureAwait(false);
            if (run.IsOver)
            {
                throw RunUnusableException.Over(settings, run, refused.Reason);
            }
        }
        catch (TestItException e) when (e.Error == TestItError.NotFound)
        {
            throw RunUnusableException.UnknownRun(settings, Id!, e);
        }

        if (refused.Status == 422)
        {
            List<ConfigurationDetails> known = await client.SearchConfigurationsAsync(settings.ProjectId!, cancellation).ConfigureAwait(false);
            if (!known.Any(one => string.Equals(one.Id, settings.ConfigurationId, StringComparison.OrdinalIgnoreCase)))
            {
                throw RunUnusableException.UnknownConfiguration(settings, refused);
            }
        }
    }

    private async Task<ProjectDetails> OpenProjectAsync(CancellationToken cancellation)
    {
        try
        {
            return await client.OpenProjectAsync(settings.ProjectId!, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.Error is TestItError.NotFound or TestItError.Invalid)
        {
            throw RunUnusableException.UnknownProject(settings, e);
        }
    }

    private async Task<string> CreateAsync(CancellationToken cancellation)
    {
        try
        {
            RunDetails run = await client.CreateRunAsync(
                new RunCreateModel
                {
                    ProjectId = settings.ProjectId!,
                    Name = string.IsNullOrWhiteSpace(settings.TestRunName) ? null : HtmlText.Escape(settings.TestRunName),
                    Links = ReadLinks() is { Count: > 0 } links ? links : null,
                    Tags = settings.TestRunTags.Count > 0 ? settings.TestRunTags.Select(HtmlText.Escape).ToList() : null,
                },
                cancellation).ConfigureAwait(false);
            return run.Id;
        }
        catch (TestItException e) when (e.Error is TestItError.NotFound or TestItError.Invalid or TestItError.Conflict)
        {
            throw RunUnusableException.RunRefused(settings, e);
        }
    }

    private async Task JoinAsync(string id, CancellationToken cancellation)
    {
        RunDetails run;
        try
        {
            run = await client.GetRunAsync(id, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.Error is TestItError.NotFound or TestItError.Invalid)
        {
            throw RunUnusableException.UnknownRun(settings, id, e);
        }

        Id = id;
        if (run.IsOver)
        {
            throw RunUnusableException.Over(settings, run);
        }

        await MergeAsync(run, cancellation).ConfigureAwait(false);
        if (run.StateName == "NotStarted" && !await StartAsync(id, cancellation).ConfigureAwait(false))
        {
            run = await client.GetRunAsync(id, cancellation).ConfigureAwait(false);
            if (run.IsOver)
            {
                throw RunUnusableException.Over(settings, run);
            }
        }
    }

    /// <returns>False when Test IT says that it is not to be started: somebody else may have done it.</returns>
    private async Task<bool> StartAsync(string id, CancellationToken cancellation)
    {
        try
        {
            await client.StartRunAsync(id, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (TestItException e) when (e.Error is TestItError.Invalid or TestItError.Conflict)
        {
            return false;
        }
    }

    /// <summary>Tags and links of the settings are added to those of the run; its lists are replaced as wholes, so all is given back.</summary>
    private async Task MergeAsync(RunDetails run, CancellationToken cancellation)
    {
        List<string> tags = settings.TestRunTags.Select(HtmlText.Escape).Except(run.Tags ?? []).ToList();
        List<LinkModel> links = ReadLinks().Where(link => run.Links?.Any(known => known.Url == link.Url) != true).ToList();
        if (tags.Count == 0 && links.Count == 0)
        {
            return;
        }

        try
        {
            await client.UpdateRunAsync(
                new RunUpdateModel
                {
                    Id = run.Id,
                    Name = run.Name,
                    Description = run.Description,
                    LaunchSource = run.LaunchSource,
                    Attachments = run.Attachments,
                    Links = [.. run.Links ?? [], .. links],
                    Tags = [.. run.Tags ?? [], .. tags],
                },
                cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (!e.IsTransient && e.Error != TestItError.TokenRefused)
        {
            notice(Diagnostic.Detail($"Tags and links could not be added to test run {run.Id} (TMS_TEST_RUN_TAGS, TMS_TEST_RUN_LINKS): {e.Message}"));
        }
    }

    private List<LinkModel> ReadLinks()
    {
        try
        {
            return LinkText.Parse(settings.TestRunLinks).Select(LinkText.ToModel).ToList();
        }
        catch (JsonException)
        {
            notice(Diagnostics.InvalidSetting("testRunLinks (TMS_TEST_RUN_LINKS) is neither JSON nor a list of addresses; it is ignored."));
            return [];
        }
    }
}

using System.Collections.Immutable;
using System.Text.Json;
using SyncStorage.Results;
using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.TestIt.Content;

/// <summary>An observed result in Test IT's terms: everything but what only Test IT knows (ids of files, codes of statuses).</summary>
internal sealed record ResultContent
{
    private const int LongestText = 4 * 1024 * 1024;
    private const int LongestOutput = 64 * 1024;
    private const int DeepestStep = 15;

    /// <summary>Milliseconds that a posted result may have.</summary>
    public const long LongestDuration = 43_200_000_000;

    public AutoTestContent AutoTest { get; init; } = new();
    public string ExternalId => AutoTest.ExternalId;

    /// <inheritdoc cref="AutoTestId.UnknownPlaceholder"/>
    public string? UnknownPlaceholder { get; init; }

    /// <summary>VSTest's word.</summary>
    public string Outcome { get; init; } = "";
    public string? Message { get; init; }
    public string? Traces { get; init; }
    public DateTime StartedOn { get; init; }
    public DateTime CompletedOn { get; init; }
    public long DurationMs { get; init; }
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = ImmutableDictionary<string, string>.Empty;
    public IReadOnlyList<LinkModel> Links { get; init; } = [];
    public IReadOnlyList<TestStep> Steps { get; init; } = [];
    public IReadOnlyList<TestStep> Setup { get; init; } = [];
    public IReadOnlyList<TestStep> Teardown { get; init; } = [];

    /// <summary>For where Test IT takes no steps: the stack trace and the output, then the steps in words.</summary>
    public string? TracesWithSteps => Steps.Count == 0 ? Traces
        : (Traces is null ? "" : Traces + "\n\n") + HtmlText.Escape("Steps:\n" + string.Join('\n', TestStep.Describe(Steps)));

    /// <summary>Files of the result itself; those of steps are in the steps.</summary>
    public IReadOnlyList<TestFile> Files { get; init; } = [];

    /// <param name="scheme">SyncStorageExternalId.</param>
    /// <param name="ignoreParameters">The ignoreParameters setting: rows are not told apart by what they were given.</param>
    public static ResultContent Of(ObservedResult result, string scheme, bool ignoreParameters, ParameterNames names)
    {
        TestIdentity identity = TestIdentity.Of(result, scheme);
        AdapterLines lines = AdapterLines.Read(result.StandardOutput, new TestFolders(result.Source));
        IReadOnlyDictionary<string, string> parameters = RowParameters.Read(result, identity, lines.Parameters, names);
        AutoTestId id = AutoTestId.Of(result, identity, parameters, scheme);
        string Fill(string text) => Placeholders.Replace(text, parameters);

        TestStep[] setup = lines.Steps.Where(step => step.Phase == "Setup").ToArray();
        TestStep[] teardown = lines.Steps.Where(step => step.Phase == "Teardown").ToArray();
        TestStep[] steps = lines.Steps.Except(setup).Except(teardown).ToArray();
        var traits = new Traits(result.Traits);
        DateTime started = result.StartedOn.UtcDateTime;
        DateTime completed = result.CompletedOn.UtcDateTime;
        long duration = Duration(result);
        if (completed < started)
        {
            completed = DateTime.MaxValue - started > TimeSpan.FromMilliseconds(duration) ? started.AddMilliseconds(duration) : started;
        }

        return new ResultContent
        {
            AutoTest = new AutoTestContent
            {
                ExternalId = id.Value,
                Name = NameOf(traits, identity, Fill),
                Namespace = HtmlText.EscapeOrNull(identity.Namespace),
                ClassName = HtmlText.EscapeOrNull(identity.ClassName),
                Title = HtmlText.EscapeOrNull(Fill(traits.First("Title") ?? "")),
                Description = HtmlText.EscapeOrNull(Fill(traits.First("Description") ?? "")),
                Labels = List(traits.All("Labels", "Label").Select(Fill).Select(HtmlText.Escape)),
                Tags = List(traits.All("Tags", "Tag").Select(Fill).Select(HtmlText.Escape)),
                WorkItemIds = List(traits.All("WorkItemIds", "WorkItemId").Select(Fill).Select(HtmlText.Clean)),
                Links = traits.Links().Select(link => LinkText.ToModel(link with { Url = Fill(link.Url), Title = link.Title is null ? null : Fill(link.Title) })).Where(link => !string.IsNullOrWhiteSpace(link.Url)).ToList(),
                Steps = ToSteps(steps, 1),
                Setup = ToSteps(setup, 1),
                Teardown = ToSteps(teardown, 1),
                StepsAreComplete = result.Outcome == "Passed",
            },
            Outcome = result.Outcome,
            Message = MessageOf(result, lines),
            Traces = TracesOf(result, lines),
            StartedOn = started,
            CompletedOn = completed,
            DurationMs = duration,
            UnknownPlaceholder = id.UnknownPlaceholder,
            Parameters = Escape(RowParameters.WithOurs(result, ignoreParameters ? ImmutableDictionary<string, string>.Empty : parameters)),
            Links = lines.Links.Select(LinkText.ToModel).Where(link => !string.IsNullOrWhiteSpace(link.Url)).ToList(),
            Steps = steps,
            Setup = setup,
            Teardown = teardown,
            Files = [.. result.Attachments.Select(path => new TestFile(System.IO.Path.GetFileName(path), path, null)), .. lines.Files],
        };
    }

    /// <summary>Milliseconds as Test IT takes them.</summary>
    public static long Duration(ObservedResult result) => Math.Clamp(result.DurationMs, 0, LongestDuration);

    /// <param name="fileIds">Ids of the files that were uploaded; a file without one is left out.</param>
    public static IReadOnlyList<StepResultModel>? ToStepResults(IReadOnlyList<TestStep> steps, IReadOnlyDictionary<TestFile, string> fileIds, int depth = 1)
        => steps.Count == 0 || depth > DeepestStep ? null : steps.Select(step => new StepResultModel
        {
            Title = HtmlText.EscapeOrNull(step.Title),
            Description = HtmlText.EscapeOrNull(step.Description),
            StartedOn = step.StartedOn,
            CompletedOn = step.CompletedOn,
            Duration = step.DurationMs is { } ms ? Math.Clamp(ms, 0, LongestDuration) : null,
            // A step that was never finished is where the test stopped.
            Outcome = step.Outcome is "Passed" or "Failed" or "Skipped" or "Blocked" ? step.Outcome : "Failed",
            Attachments = Ids(step.Files, fileIds),
            Parameters = step.Parameters.Count > 0 ? Escape(step.Parameters) : null,
            StepResults = ToStepResults(step.Steps, fileIds, depth + 1),
        }).ToList();

    public static IReadOnlyList<IdModel>? Ids(IReadOnlyList<TestFile> files, IReadOnlyDictionary<TestFile, string> fileIds)
    {
        var ids = files.Select(file => fileIds.GetValueOrDefault(file)).OfType<string>().Distinct().Select(id => new IdModel(id)).ToList();
        return ids.Count > 0 ? ids : null;
    }

    private static List<string> List(IEnumerable<string> texts) => texts.Where(text => !string.IsNullOrWhiteSpace(text)).Distinct().ToList();

    private static string NameOf(Traits traits, TestIdentity identity, Func<string, string> fill)
    {
        string name = HtmlText.Escape(fill(traits.First("DisplayName") ?? identity.Name)).Trim();
        return name.Length > 0 ? name : HtmlText.Escape(identity.ExternalId);
    }

    private static string? MessageOf(ObservedResult result, AdapterLines lines)
    {
        string message = string.Join("\n", lines.Messages.Append(result.Message ?? "").Where(part => part.Length > 0));
        return HtmlText.EscapeOrNull(HtmlText.Shorten(message, LongestText));
    }

    /// <summary>A result has no member for output, so it follows the stack trace, each part under its own heading.</summary>
    private static string? TracesOf(ObservedResult result, AdapterLines lines)
    {
        IEnumerable<string> parts =
        [
            HtmlText.Shorten(result.Trace ?? "", LongestText),
            Output("Standard output", lines.Output),
            Output("Standard error", result.StandardError),
        ];
        return HtmlText.EscapeOrNull(string.Join("\n\n", parts.Where(part => part.Length > 0)));
    }

    private static string Output(string title, string? text)
        => string.IsNullOrWhiteSpace(text) ? "" : $"{title}:\n{HtmlText.Shorten(text.Trim('\r', '\n'), LongestOutput)}";

    private static List<StepModel> ToSteps(IReadOnlyList<TestStep> steps, int depth)
        => depth > DeepestStep ? [] : steps.Where(step => HtmlText.Escape(step.Title).Length > 0).Select(step => new StepModel
        {
            Title = HtmlText.Escape(step.Title),
            Description = HtmlText.EscapeOrNull(step.Description),
            Steps = ToSteps(step.Steps, depth + 1) is { Count: > 0 } inner ? inner : null,
        }).ToList();

    private static Dictionary<string, string> Escape(IReadOnlyDictionary<string, string> parameters)
        => parameters.GroupBy(parameter => HtmlText.Clean(parameter.Key)).ToDictionary(group => group.Key, group => HtmlText.Escape(group.Last().Value));

    /// <summary>Traits by the names that the official attributes have; a list is one trait with commas, or several traits.</summary>
    private sealed class Traits(IReadOnlyList<ResultTrait> traits)
    {
        public string? First(string name)
            => traits.FirstOrDefault(trait => Is(trait, name) && !string.IsNullOrWhiteSpace(trait.Value))?.Value.Trim();

        public IEnumerable<string> All(params string[] names)
            => traits.Where(trait => names.Any(name => Is(trait, name)))
                .SelectMany(trait => trait.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

        public IEnumerable<TestLink> Links()
        {
            foreach (ResultTrait trait in traits.Where(trait => Is(trait, "Links") || Is(trait, "Link")))
            {
                IReadOnlyList<TestLink> links;
                try
                {
                    links = LinkText.Parse(trait.Value);
                }
                catch (JsonException)
                {
                    // Not what we can read, but the user's: shown as it is rather than dropped.
                    links = [new TestLink(trait.Value, null, null, null)];
                }

                foreach (TestLink link in links)
                {
                    yield return link;
                }
            }
        }

        private static bool Is(ResultTrait trait, string name) => string.Equals(trait.Name, name, StringComparison.OrdinalIgnoreCase);
    }
}

using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.TestIt.Content;

/// <summary>What a result tells about its autotest. Null and empty mean: nothing to say, leave what is there.</summary>
internal sealed record AutoTestContent
{
    public string ExternalId { get; init; } = "";
    public string Name { get; init; } = "";
    public string? Namespace { get; init; }
    public string? ClassName { get; init; }
    public string? Title { get; init; }
    public string? Description { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];
    public IReadOnlyList<string> Tags { get; init; } = [];
    public IReadOnlyList<LinkModel> Links { get; init; } = [];
    public IReadOnlyList<string> WorkItemIds { get; init; } = [];
    public IReadOnlyList<StepModel> Steps { get; init; } = [];
    public IReadOnlyList<StepModel> Setup { get; init; } = [];
    public IReadOnlyList<StepModel> Teardown { get; init; } = [];

    /// <summary>False for a test that did not pass: it may have stopped half way, and its steps are not all of the test's.</summary>
    public bool StepsAreComplete { get; init; }

    public AutoTestCreateModel ToCreate(string projectId, bool createTestCase) => new()
    {
        ProjectId = projectId,
        ExternalId = ExternalId,
        Name = Name,
        Namespace = Namespace,
        Classname = ClassName,
        Title = Title,
        Description = Description,
        // Absent rather than null or empty: null is refused.
        Steps = NullIfEmpty(Steps),
        Setup = NullIfEmpty(Setup),
        Teardown = NullIfEmpty(Teardown),
        Labels = Labels.Count > 0 ? ToLabels(Labels) : null,
        Tags = NullIfEmpty(Tags),
        Links = NullIfEmpty(Links),
        ShouldCreateWorkItem = createTestCase ? true : null,
    };

    /// <returns>Null when Test IT knows all of it already.</returns>
    public AutoTestUpdateModel? ToUpdate(string projectId, AutoTestDetails known)
    {
        bool changed = Differs(Name, known.Name) || Differs(Namespace, known.Namespace) || Differs(ClassName, known.Classname)
            || Differs(Title, known.Title) || Differs(Description, known.Description)
            || Misses(Labels, known.Labels?.Select(label => label.Name)) || Misses(Tags, known.Tags)
            || Misses(Links.Select(Describe).ToList(), known.Links?.Select(Describe))
            || StepsDiffer(Steps, known.Steps) || StepsDiffer(Setup, known.Setup) || StepsDiffer(Teardown, known.Teardown);
        return !changed ? null : new AutoTestUpdateModel
        {
            Id = known.Id,
            ProjectId = projectId,
            ExternalId = ExternalId,
            // The update replaces the whole autotest, so what others wrote is given back.
            ExternalKey = known.ExternalKey,
            IsFlaky = known.IsFlaky,
            Name = Name,
            Namespace = Namespace ?? known.Namespace,
            Classname = ClassName ?? known.Classname,
            Title = Title ?? known.Title,
            Description = Description ?? known.Description,
            Steps = StepsDiffer(Steps, known.Steps) ? Steps : known.Steps,
            Setup = StepsDiffer(Setup, known.Setup) ? Setup : known.Setup,
            Teardown = StepsDiffer(Teardown, known.Teardown) ? Teardown : known.Teardown,
            Labels = Labels.Count > 0 ? ToLabels(Labels.Union(known.Labels?.Select(label => label.Name) ?? [])) : known.Labels,
            Tags = Tags.Count > 0 ? Tags.Union(known.Tags ?? []).ToList() : known.Tags,
            Links = Links.Count > 0 ? Merge(Links, known.Links) : known.Links,
        };
    }

    private static bool Differs(string? ours, string? theirs) => !string.IsNullOrEmpty(ours) && ours != theirs;

    /// <summary>Labels and the like that somebody added in Test IT stay; only what is missing makes an update.</summary>
    private static bool Misses(IReadOnlyList<string> ours, IEnumerable<string>? theirs) => ours.Count > 0 && ours.Except(theirs ?? []).Any();

    private bool StepsDiffer(IReadOnlyList<StepModel> ours, IReadOnlyList<StepModel>? theirs)
        => ours.Count > 0 && (StepsAreComplete || theirs is null or { Count: 0 }) && !Equal(ours, theirs);

    private static bool Equal(IReadOnlyList<StepModel>? ours, IReadOnlyList<StepModel>? theirs)
        => (ours?.Count ?? 0) == (theirs?.Count ?? 0)
            && (ours ?? []).Zip(theirs ?? []).All(pair => pair.First.Title == pair.Second.Title && (pair.First.Description ?? "") == (pair.Second.Description ?? "") && Equal(pair.First.Steps, pair.Second.Steps));

    private static string Describe(LinkModel link) => $"{link.Url}\n{link.Title}\n{link.Description}\n{link.Type}";

    private static List<LinkModel> Merge(IReadOnlyList<LinkModel> ours, IReadOnlyList<LinkModel>? theirs)
        => [.. (theirs ?? []).Where(link => ours.All(own => own.Url != link.Url)), .. ours];

    private static List<LabelModel> ToLabels(IEnumerable<string> labels) => labels.Select(label => new LabelModel { Name = label }).ToList();

    private static IReadOnlyList<T>? NullIfEmpty<T>(IReadOnlyList<T> list) => list.Count > 0 ? list : null;
}

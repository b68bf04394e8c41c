namespace SyncStorage.Server.TestIt.Content;

/// <summary>A file of a test: a path, or a text that the test made itself.</summary>
/// <param name="Within">Where the path must lead; null = anywhere, for what the test gave its framework and did not only print.</param>
internal sealed record TestFile(string Name, string? Path, string? Text, TestFolders? Within = null);

/// <summary>A step as the official package writes it to a test's output.</summary>
internal sealed class TestStep
{
    public Guid Id { get; init; }
    public Guid? ParentId { get; init; }
    public bool NamesParent { get; init; }
    public string Title { get; init; } = "";
    public string? Description { get; init; }

    /// <summary>Setup, Teardown, or anything else for the test itself.</summary>
    public string? Phase { get; init; }
    public string? Method { get; init; }
    public string? Caller { get; init; }
    public DateTime? StartedOn { get; init; }
    public DateTime? CompletedOn { get; set; }
    public long? DurationMs { get; set; }
    public string? Outcome { get; set; }
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();
    public TestStep? Parent { get; set; }
    public List<TestStep> Steps { get; } = [];
    public List<TestFile> Files { get; } = [];

    /// <summary>Files of the steps and of all steps within them.</summary>
    public static IEnumerable<TestFile> FilesOf(IEnumerable<TestStep> steps)
        => steps.SelectMany(step => step.Files.Concat(FilesOf(step.Steps)));

    /// <summary>A line for each step, those within it indented.</summary>
    public static IEnumerable<string> Describe(IEnumerable<TestStep> steps, string indent = "")
        => steps.SelectMany(step => Describe(step.Steps, indent + "  ").Prepend(
            $"{indent}{step.Title}: {step.Outcome ?? "not finished"}{(step.DurationMs is { } ms ? $" ({ms} ms)" : "")}"));
}

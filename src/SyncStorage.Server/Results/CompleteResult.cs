using SyncStorage.Results;

namespace SyncStorage.Server.Results;

/// <summary>Generated JSON readers set members that are absent, or null on the wire, to null whatever their type says.</summary>
internal static class CompleteResult
{
    public static ObservedResult Of(ObservedResult given) => given with
    {
        TestCaseId = given.TestCaseId ?? "",
        FullyQualifiedName = given.FullyQualifiedName ?? "",
        DisplayName = given.DisplayName ?? "",
        TestCaseDisplayName = given.TestCaseDisplayName ?? "",
        ExecutorUri = given.ExecutorUri ?? "",
        Source = given.Source ?? "",
        Outcome = given.Outcome ?? "None",
        Attachments = given.Attachments is null || given.Attachments.Contains(null!) ? [.. given.Attachments?.OfType<string>() ?? []] : given.Attachments,
        Traits = given.Traits is null || given.Traits.Any(IsIncomplete)
            ? [.. (given.Traits ?? []).OfType<ResultTrait>().Select(trait => new ResultTrait { Name = trait.Name ?? "", Value = trait.Value ?? "" })]
            : given.Traits,
    };

    private static bool IsIncomplete(ResultTrait? trait) => trait?.Name is null || trait.Value is null;
}

namespace SyncStorage.Results;

/// <summary>What Test IT calls a result's status. The only place that knows which outcome means which.</summary>
/// <param name="Type">statusType, which every workflow has.</param>
/// <param name="Code">statusCode of the default workflow; null for a result that has none yet.</param>
internal readonly record struct TestItStatus(string Type, string? Code)
{
    public static readonly TestItStatus Succeeded = new("Succeeded", "Passed");
    public static readonly TestItStatus Failed = new("Failed", "Failed");
    public static readonly TestItStatus Incomplete = new("Incomplete", "Skipped");

    /// <param name="outcome">VSTest's word, compared without case: official adapters spell it in both ways.</param>
    /// <returns>Incomplete for None, NotFound and every word that is no verdict.</returns>
    public static TestItStatus Of(string? outcome) => outcome?.ToUpperInvariant() switch
    {
        "PASSED" => Succeeded,
        "FAILED" => Failed,
        _ => Incomplete,
    };
}

using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace SyncStorage.Build;

/// <summary>Runs in SyncStorage.Build.WarningsAsErrors.proj, see there.</summary>
public sealed class ListWarningsAsErrors : Task
{
    private const int LastCode = 99;

    /// <summary>Codes of ours that MSBuild makes errors of.</summary>
    [Output]
    public string[] Codes { get; set; } = [];

    /// <inheritdoc />
    public override bool Execute()
    {
        Codes = BuildEngine is IBuildEngine8 engine ? Enumerable.Range(1, LastCode).Select(number => $"SYNC{number:0000}").Where(engine.ShouldTreatWarningAsError).ToArray() : [];
        return true;
    }
}

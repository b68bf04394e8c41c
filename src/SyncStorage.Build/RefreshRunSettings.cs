using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace SyncStorage.Build;

/// <summary>Merges a user's .runsettings once more, because the build has written it anew since VSTest was promised the merged one.</summary>
public sealed class RefreshRunSettings : Task
{
    /// <summary>The user's file.</summary>
    [Required]
    public string UserSettings { get; set; } = "";

    /// <summary>Folder of the session.</summary>
    [Required]
    public string Session { get; set; } = "";

    /// <summary>The worker's pid.</summary>
    [Required]
    public string Worker { get; set; } = "";

    /// <summary>SyncStorage.Collector.dll, absolute.</summary>
    [Required]
    public string Collector { get; set; } = "";

    /// <inheritdoc />
    public override bool Execute()
    {
        try
        {
            new RunSettingsFile(new CollectorEntry(Collector, Session, Worker)).Rewrite(UserSettings);
        }
        catch (Exception e)
        {
            // The settings of a moment ago stay in force.
            Log.LogMessage(MessageImportance.High, "{0}", Diagnostics.SettingsNotReadAgain(UserSettings, e.Message));
        }

        return !Log.HasLoggedErrors;
    }
}

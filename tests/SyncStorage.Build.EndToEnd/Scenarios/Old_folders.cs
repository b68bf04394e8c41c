using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

[TestClass]
public sealed class Old_folders
{
    [TestMethod]
    [TestCategory(Promise.NothingLeft)]
    public async Task Of_runs_are_removed_after_14_days_and_nothing_else_is()
    {
        using var trial = new Trial();
        await trial.RunAsync(Kind.Passing);
        string old = trial.Report.Folder;
        foreach (string file in Directory.GetFiles(old))
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-15));
        }

        string young = Copy(old, "young", DateTime.UtcNow.AddDays(-13));
        string foreign = Directory.CreateDirectory(Path.Combine(trial.Results, "foreign")).FullName;
        string note = Path.Combine(foreign, "note.txt");
        await File.WriteAllTextAsync(note, "mine");
        File.SetLastWriteTimeUtc(note, DateTime.UtcNow.AddDays(-100));
        Directory.SetLastWriteTimeUtc(foreign, DateTime.UtcNow.AddDays(-100));

        TimedResult next = await trial.RunAsync(Kind.Passing);

        Assert.AreEqual(0, next.ExitCode, next.Output);
        Assert.IsFalse(Directory.Exists(old), "15 days old");
        Assert.IsTrue(Directory.Exists(young), "13 days old");
        Assert.IsTrue(File.Exists(note), "not ours");
        Assert.HasCount(2, trial.Reports);
        trial.Passed();
    }

    private static string Copy(string folder, string name, DateTime written)
    {
        string copy = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(folder)!, name)).FullName;
        foreach (string file in Directory.GetFiles(folder))
        {
            string target = Path.Combine(copy, Path.GetFileName(file));
            File.Copy(file, target);
            File.SetLastWriteTimeUtc(target, written);
        }

        return copy;
    }
}

using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// What of a folder below SyncStorageDirectory is ours, and so may be deleted: a run's folder has a journal that we could have written, and in it only the
/// files that we write go. SyncStorageDirectory is a folder of the user's, who may keep anything there, reports of other tools among it.
/// </summary>
internal static class OldRunFolder
{
    /// <summary>Folders within a run's folder, with the names of what extensions write there; those of earlier versions wrote spool/.</summary>
    private static readonly (string Folder, string Files)[] Subfolders = [("mail", "*.jsonl"), ("spool", "*.jsonl")];

    private static readonly string[] Files = ["results.jsonl", "report.json", "report.html", "server.log"];

    /// <exception cref="IOException">A living server has it.</exception>
    public static bool IsOurs(RunFolder folder)
    {
        // A link leads to where somebody else's files may be.
        if (IsLink(folder.Path) || !File.Exists(folder.JournalPath) || IsLink(folder.JournalPath))
        {
            return false;
        }

        using var journal = new Journal(folder.JournalPath);
        return journal.ReadFirst() is { Kind: RunEvents.Opened, TestRunId.Length: > 0, Version: null or <= Journal.Version };
    }

    /// <summary>The journal goes last: killed in between, the next server finds the folder to be ours still.</summary>
    /// <returns>False when something lies there that we did not write; it stays.</returns>
    public static bool Remove(RunFolder folder)
    {
        foreach ((string name, string files) in Subfolders)
        {
            string subfolder = Path.Combine(folder.Path, name);
            if (Directory.Exists(subfolder) && !IsLink(subfolder))
            {
                foreach (string file in Directory.EnumerateFiles(subfolder, files).ToList())
                {
                    File.Delete(file);
                }

                RemoveIfEmpty(subfolder);
            }
        }

        foreach (string file in Files)
        {
            File.Delete(Path.Combine(folder.Path, file));
            // What a kill left of a file that was being replaced.
            foreach (string temporary in Directory.EnumerateFiles(folder.Path, file + ".*.tmp").ToList())
            {
                File.Delete(temporary);
            }
        }

        File.Delete(folder.JournalPath);
        return RemoveIfEmpty(folder.Path);
    }

    private static bool RemoveIfEmpty(string path)
    {
        if (Directory.EnumerateFileSystemEntries(path).Any())
        {
            return false;
        }

        Directory.Delete(path);
        return true;
    }

    private static bool IsLink(string path) => (File.GetAttributes(path) & FileAttributes.ReparsePoint) != 0;
}

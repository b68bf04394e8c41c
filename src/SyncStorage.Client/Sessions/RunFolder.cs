using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;

namespace SyncStorage.Sessions;

/// <summary>The folder of one run below SyncStorageDirectory, and the files that more than one process knows.</summary>
internal sealed class RunFolder
{
    private const int LongestName = 80;

    public RunFolder(string directory, string testRunId) => Path = System.IO.Path.Combine(directory, NameOf(testRunId));

    public string Path { get; }
    public string ReportPath => System.IO.Path.Combine(Path, "report.json");

    /// <summary>Guests write here when no server answers: one file a worker, one batch a line.</summary>
    public string SpoolDirectory => System.IO.Path.Combine(Path, "spool");

    public string SpoolPath(string workerPid) => System.IO.Path.Combine(SpoolDirectory, NameOf(workerPid) + ".jsonl");

    /// <summary>The id itself where it can be a file name everywhere; otherwise made safe, and a hash keeps it apart from others.</summary>
    public static string NameOf(string id)
    {
        string safe = new(id.Select(c => c is >= 'a' and <= 'z' or >= 'A' and <= 'Z' or >= '0' and <= '9' or '-' or '_' or '.' ? c : '_').Take(LongestName).ToArray());
        if (safe == id && safe.Trim('.').Length > 0)
        {
            return safe;
        }

        using var sha = SHA256.Create();
        return safe.TrimStart('.') + "-" + BitConverter.ToString(sha.ComputeHash(Encoding.UTF8.GetBytes(id)), 0, 4).Replace("-", "").ToLowerInvariant();
    }
}

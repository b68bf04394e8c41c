using System.Security.Cryptography;
using System.Text;

namespace SyncStorage.Sessions;

/// <summary>The folder of one run below SyncStorageDirectory, and the files that more than one process knows.</summary>
internal sealed class RunFolder
{
    private const int LongestName = 80;

    public RunFolder(string directory, string testRunId)
        : this(System.IO.Path.Combine(directory, NameOf(testRunId)))
    {
    }

    private RunFolder(string path) => Path = path;

    /// <summary>A folder that was found, whatever its name.</summary>
    public static RunFolder At(string path) => new(path);

    public string Path { get; }
    public string JournalPath => System.IO.Path.Combine(Path, "journal.jsonl");
    public string ResultsPath => System.IO.Path.Combine(Path, "results.jsonl");
    public string LogPath => System.IO.Path.Combine(Path, "server.log");
    public string ReportPath => System.IO.Path.Combine(Path, "report.json");

    /// <summary>Extensions write here, a file each: see <see cref="Mail.MailAddress"/>.</summary>
    public string MailDirectory => System.IO.Path.Combine(Path, "mail");

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

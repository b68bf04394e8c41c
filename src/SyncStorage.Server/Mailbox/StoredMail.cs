using SyncStorage.Server.Results;

namespace SyncStorage.Server.Mail;

/// <summary>
/// Mail files all of which is stored. They stay as long as tests are running: a build that has found them by a pattern such as **/* has to find
/// them until it is through.
/// </summary>
/// <param name="folders">Where they lie; a folder that is empty afterwards goes as well.</param>
/// <param name="log">For what stays.</param>
internal sealed class StoredMail(IReadOnlyList<string> folders, ServerLog log)
{
    private readonly List<string> _order = [];
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);

    public bool Contains(string path) => _paths.Contains(path);

    public void Add(string path)
    {
        _order.Add(path);
        _paths.Add(path);
    }

    /// <summary>In the order in which they came. Never throws.</summary>
    public void Remove()
    {
        foreach (string path in _order)
        {
            Try(path, () => File.Delete(path));
        }

        foreach (string folder in folders.Where(OwnFile.IsFolder))
        {
            Try(folder, () =>
            {
                if (!Directory.EnumerateFileSystemEntries(folder).Any())
                {
                    Directory.Delete(folder);
                }
            });
        }
    }

    private void Try(string path, Action remove)
    {
        try
        {
            remove();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Write($"{path} stays: {e.Message}");
        }
    }
}

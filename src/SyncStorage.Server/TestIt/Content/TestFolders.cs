namespace SyncStorage.Server.TestIt.Content;

/// <summary>
/// The folders of a test: of its assembly, and of its project, where VSTest's results and working folder lie unless the user says otherwise. An output may
/// name files there, and nothing else of the machine: a test that prints what it was sent could be made to attach anybody's keys.
/// </summary>
/// <param name="Source">Path of the test assembly; without one no file may be named.</param>
internal sealed record TestFolders(string Source)
{
    private string AssemblyFolder => Path.IsPathFullyQualified(Source) ? Path.GetDirectoryName(Source)! : "";

    private string ProjectFolder => ProjectAround(AssemblyFolder) ?? AssemblyFolder;

    /// <summary>A test's working folder is its assembly's.</summary>
    public string Resolve(string path)
    {
        try
        {
            return AssemblyFolder.Length > 0 ? Path.GetFullPath(path, AssemblyFolder) : path;
        }
        catch (ArgumentException)
        {
            // No path at all: it is named as it is, and cannot be opened.
            return path;
        }
    }

    public bool Contains(string path) => IsBelow(path, AssemblyFolder) || IsBelow(path, ProjectFolder);

    public override string ToString() => AssemblyFolder.Length == 0 ? "its test assembly's folder, which is not known" : $"'{ProjectFolder}'";

    private static bool IsBelow(string path, string folder)
        => folder.Length > 0 && Path.GetFullPath(path).StartsWith(folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, PathComparison);

    private static StringComparison PathComparison => OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    /// <summary>The nearest folder upwards that holds a project; a repository ends the search, for all of it would be too much.</summary>
    private static string? ProjectAround(string folder)
    {
        try
        {
            for (DirectoryInfo? one = folder.Length == 0 ? null : new DirectoryInfo(folder); one?.Parent is not null; one = one.Parent)
            {
                if (one.Exists && one.EnumerateFiles("*.*proj").Any())
                {
                    return one.FullName;
                }

                if (Path.Exists(Path.Combine(one.FullName, ".git")))
                {
                    return null;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be looked at is none of the test's.
        }

        return null;
    }
}

using System.Globalization;
using System.Runtime.InteropServices;

namespace SyncStorage.Sessions;

/// <summary>
/// Folders and files that only their owner may read: they hold the session's secret and the names of tests. Private from the moment they are
/// made; some file systems know no modes (SMB, mounts of cloud storage), and refuse to change them.
/// </summary>
internal static class OwnerOnly
{
    private const uint OwnerReadWriteExecute = 0x1C0; // 0700
    private const uint OwnerReadWrite = 0x180; // 0600
    private const int OthersAnything = 0x3F; // 0077

    /// <summary>Creates the folder if need be. On Windows a user's temporary folder is private already.</summary>
    /// <returns>False when it was made and others may look into it all the same.</returns>
    public static bool CreateDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            return true;
        }

        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            Directory.CreateDirectory(path);
            return true;
        }

        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } parent)
        {
            Directory.CreateDirectory(parent);
        }

        // What fails here fails below, with a reason in words.
        _ = mkdir(path, OwnerReadWriteExecute);
        Directory.CreateDirectory(path);
        if (IsOpenToOthers(path) == false)
        {
            return true;
        }

        bool changed = chmod(path, OwnerReadWriteExecute) == 0;
        return changed && IsOpenToOthers(path) != true;
    }

    /// <summary>For a file that was just created, in a folder of ours; where modes cannot be changed it stays as it is.</summary>
    public static void Restrict(string path)
    {
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            _ = chmod(path, OwnerReadWrite);
        }
    }

    /// <summary>Null where nobody can tell: File.GetUnixFileMode came with .NET 7, and netstandard2.0 has no other way.</summary>
    private static bool? IsOpenToOthers(string path)
        => typeof(File).GetMethod("GetUnixFileMode", [typeof(string)])?.Invoke(null, [path]) is { } mode
            ? (Convert.ToInt32(mode, CultureInfo.InvariantCulture) & OthersAnything) != 0
            : null;

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int mkdir(string path, uint mode);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int chmod(string path, uint mode);
}

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
        return !IsOpenToOthers(path) || (chmod(path, OwnerReadWriteExecute) == 0 && !IsOpenToOthers(path));
    }

    /// <summary>
    /// A real folder of the current user that nobody else can enter. On Windows one that is there: sessions lie in %TEMP%, which is part of the
    /// user's profile (and C:\Windows\SystemTemp for services), so that only administrators can have made it in our place.
    /// </summary>
    public static bool IsPrivate(string path)
        => UnixFile.IsSupported
            ? UnixFile.AtLink(path) is { IsDirectory: true, IsOurs: true } folder && (folder.Permissions & OthersAnything) == 0
            : Directory.Exists(path);

    /// <summary>For a file that was just created, in a folder of ours; where modes cannot be changed it stays as it is.</summary>
    public static void Restrict(string path)
    {
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            _ = chmod(path, OwnerReadWrite);
        }
    }

    private static bool IsOpenToOthers(string path) => UnixFile.AtLink(path) is { } folder && (folder.Permissions & OthersAnything) != 0;

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int mkdir(string path, uint mode);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int chmod(string path, uint mode);
}

using SyncStorage.Sessions;

namespace SyncStorage.Server.Mail;

/// <summary>
/// Tells files and folders of our own user from those of others, from links, pipes and devices: SyncStorageDirectory may lie where other
/// accounts can write, and opening a pipe would wait for ever.
/// </summary>
internal static class OwnFile
{
    public static bool IsRegular(string path)
        => UnixFile.IsSupported ? UnixFile.AtLink(path) is { IsRegular: true, IsOurs: true } : IsReal(new FileInfo(path));

    public static bool IsFolder(string path)
        => UnixFile.IsSupported ? UnixFile.AtLink(path) is { IsDirectory: true, IsOurs: true } : IsReal(new DirectoryInfo(path));

    /// <summary>On Windows the folder's own rights have to do.</summary>
    private static bool IsReal(FileSystemInfo info)
        => info.Exists && !info.Attributes.HasFlag(FileAttributes.ReparsePoint) && !info.Attributes.HasFlag(FileAttributes.Device);
}

using System.Runtime.InteropServices;

namespace SyncStorage.Server.Mail;

/// <summary>
/// Tells files and folders of our own user from those of others, from links, pipes and devices: SyncStorageDirectory may lie where other
/// accounts can write, and opening a pipe would wait for ever.
/// </summary>
internal static class OwnFile
{
    private const int CurrentFolder = -100;
    private const int NoFollow = 0x100;
    private const uint TypeModeAndOwner = 0x1 | 0x2 | 0x8;
    private const int TypeMask = 0xF000;
    private const int Folder = 0x4000;
    private const int Regular = 0x8000;

    public static bool IsRegular(string path) => Is(path, Regular);

    public static bool IsFolder(string path) => Is(path, Folder);

    private static bool Is(string path, int type)
    {
        if (OperatingSystem.IsLinux() && TryStat(path, out Status status))
        {
            return (status.Mode & TypeMask) == type && status.Owner == geteuid();
        }

        // Elsewhere the folder's own rights have to do: it was made for its owner only.
        FileSystemInfo info = type == Folder ? new DirectoryInfo(path) : new FileInfo(path);
        return info.Exists && !info.Attributes.HasFlag(FileAttributes.ReparsePoint) && !info.Attributes.HasFlag(FileAttributes.Device);
    }

    private static bool TryStat(string path, out Status status)
    {
        try
        {
            if (statx(CurrentFolder, path, NoFollow, TypeModeAndOwner, out status) != 0)
            {
                // Gone, or not to be seen: of no type that anybody asks for.
                status = default;
            }

            return true;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library older than this call.
            status = default;
            return false;
        }
    }

    /// <summary>struct statx, the same on every architecture; as much of it as is looked at, and room for the rest.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(20)] public uint Owner;
        [FieldOffset(28)] public ushort Mode;
    }

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, out Status status);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern uint geteuid();
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SyncStorage.Sessions;

/// <summary>
/// Opens a file that no other process has open, until this one closes it or dies. Outside Windows that is a lock of the kernel's, which .NET takes
/// unless DOTNET_SYSTEM_IO_DISABLEFILELOCKING forbids it, and Mono never: so it is asked for here, which changes nothing where it is held already.
/// </summary>
internal static class ExclusiveFile
{
    private const int ExclusiveNow = 2 | 4; // LOCK_EX | LOCK_NB

    // EWOULDBLOCK of Linux, and of macOS. A file system that knows no locks says something else, and .NET takes no notice of that, either.
    private const int HeldOnLinux = 11;
    private const int HeldOnMacOS = 35;

    /// <exception cref="IOException">Another process has it open, or it cannot be opened at all.</exception>
    public static FileStream Open(string path, FileMode mode, FileOptions options = FileOptions.None)
        => Claim(new FileStream(path, mode, FileAccess.ReadWrite, FileShare.None, 1, options));

    /// <param name="file">Opened with FileShare.None.</param>
    /// <exception cref="IOException">Another process has it open; here it is closed.</exception>
    public static FileStream Claim(FileStream file)
    {
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Windows) && flock(file.SafeFileHandle, ExclusiveNow) != 0
            && Marshal.GetLastWin32Error() is HeldOnLinux or HeldOnMacOS)
        {
            file.Dispose();
            throw new IOException($"'{file.Name}' is in use by another process.");
        }

        return file;
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int flock(SafeFileHandle file, int operation);
}

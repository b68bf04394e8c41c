using System;
using System.IO;
using System.Runtime.InteropServices;

namespace SyncStorage.Sessions;

/// <summary>Folders and files that only their owner may read: they hold the session's secret and the names of tests.</summary>
internal static class OwnerOnly
{
    private const uint OwnerReadWriteExecute = 0x1C0; // 0700
    private const uint OwnerReadWrite = 0x180; // 0600

    /// <summary>Creates the folder if need be. On Windows a user's temporary folder is private already.</summary>
    public static void CreateDirectory(string path)
    {
        bool existed = Directory.Exists(path);
        Directory.CreateDirectory(path);
        if (!existed && !RuntimeInformation.IsOSPlatform(OSPlatform.Windows) && chmod(path, OwnerReadWriteExecute) != 0)
        {
            throw new UnauthorizedAccessException($"Cannot make '{path}' private to its owner (chmod failed with {Marshal.GetLastWin32Error()}).");
        }
    }

    /// <summary>For a file that was just created.</summary>
    public static void Restrict(string path)
    {
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Windows) && chmod(path, OwnerReadWrite) != 0)
        {
            throw new UnauthorizedAccessException($"Cannot make '{path}' private to its owner (chmod failed with {Marshal.GetLastWin32Error()}).");
        }
    }

    // File.SetUnixFileMode came with .NET 7; netstandard2.0 has no other way.
    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int chmod(string path, uint mode);
}

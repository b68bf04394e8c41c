using System.ComponentModel;
using System.Runtime.InteropServices;

namespace SyncStorage.Build;

/// <summary>Tells before the run, and not at its end, that the results could not be written.</summary>
internal static class DirectoryProbe
{
    public static bool IsWritable(string directory, out string reason)
    {
        string probe = Path.Combine(directory, $".probe-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(directory);
            if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
            {
                File.WriteAllText(probe, "");
                File.Delete(probe);
            }
            else if (access(directory, Write) != 0)
            {
                // Only asked: a file that comes and goes may be found by the pattern of a project that is just evaluated.
                reason = new Win32Exception(Marshal.GetLastWin32Error()).Message + ".";
                return false;
            }

            reason = "";
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            reason = e.Message;
            return false;
        }
    }

    private const int Write = 2; // W_OK

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int access(string path, int mode);
}

using System;
using System.IO;

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
            File.WriteAllText(probe, "");
            File.Delete(probe);
            reason = "";
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            reason = e.Message;
            return false;
        }
    }
}

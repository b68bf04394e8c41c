using System.Diagnostics;

namespace SyncStorage.Testing;

internal static class Folders
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// With all that is in it. A process or a background call that just ended may still put a last file there while we delete;
    /// then it is done again. A folder that nobody can delete fails the test.
    /// </summary>
    public static void Remove(string path)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                Directory.Delete(path, recursive: true);
                return;
            }
            catch (DirectoryNotFoundException) when (!Directory.Exists(path))
            {
                // Gone already, with the folder around it.
                return;
            }
            catch (IOException) when (clock.Elapsed < Patience)
            {
                Thread.Sleep(20);
            }
        }
    }
}

using System;
using System.IO;

namespace SyncStorage.Sessions;

/// <summary>
/// Keeps a server alive. A lease is a file that its holder keeps open exclusively: the kernel lets go of it when the holder dies,
/// however it dies, so there is no process id that could be reused and no clock that could jump. Leases lie in the
/// session's folder rather than in the server's memory, so they outlive a killed server.
/// </summary>
internal sealed class SessionLease : IDisposable
{
    private readonly FileStream _held;

    public SessionLease(string path) => _held = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);

    public string Path => _held.Name;

    public void Dispose()
    {
        // Close first: on Windows an open file cannot be deleted.
        _held.Dispose();
        File.Delete(_held.Name);
    }

    /// <summary>False when the holder died without disposing; the left-over file is removed then.</summary>
    public static bool IsHeld(string path)
    {
        try
        {
            using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            {
            }

            File.Delete(path);
            return false;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}

using System;
using System.Diagnostics;
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

    private SessionLease(FileStream held) => _held = held;

    /// <param name="folder">The session's folder of leases.</param>
    /// <param name="prefix">Begins the file's name: tells what sort of lease it is.</param>
    /// <exception cref="IOException">The folder is not writable.</exception>
    public static SessionLease Take(string folder, string prefix = "")
    {
        for (int attempt = 1; ; attempt++)
        {
            string path = System.IO.Path.Combine(folder, $"{prefix}{Process.GetCurrentProcess().Id}-{Guid.NewGuid():N}");
            try
            {
                var held = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
                // Creating and locking are two steps outside Windows: somebody who looked in between may have removed it.
                if (File.Exists(path))
                {
                    return new SessionLease(held);
                }

                held.Dispose();
            }
            catch (IOException) when (attempt < MostAttempts && Directory.Exists(folder))
            {
                // Somebody looked in between and has it open just now.
            }
        }
    }

    private const int MostAttempts = 100;

    public string Path => _held.Name;

    public void Dispose() => _held.Dispose();

    /// <summary>False when the holder died without disposing; the left-over file is removed then.</summary>
    public static bool IsHeld(string path)
    {
        try
        {
            // Removed while it is locked, so that nobody can take it in between.
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
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

using System.Globalization;
using System.Runtime.InteropServices;

namespace SyncStorage.Sessions;

/// <summary>What has become of a lease.</summary>
internal enum LeaseState
{
    Held,

    /// <summary>Its holder died without giving it back.</summary>
    Abandoned,
    Gone,
}

/// <summary>
/// Keeps a server alive. A lease is a file that its holder keeps open exclusively: the kernel lets go of it when the holder dies,
/// however it dies, so there is no clock that could jump. Some file systems keep no locks: the name tells the holder, too, and as long as
/// that one lives, it holds. Leases lie in the session's folder rather than in the server's memory, so
/// they outlive a killed server. The name says for which invocation it is held: a build node may outlive the call that used it.
/// </summary>
internal sealed class SessionLease : IDisposable
{
    private const int MostAttempts = 100;

    private readonly FileStream _held;

    private SessionLease(FileStream held) => _held = held;

    public string Path => _held.Name;

    /// <param name="folder">The session's folder of leases.</param>
    /// <param name="holder">Who holds it.</param>
    /// <exception cref="IOException">The folder is not writable.</exception>
    public static SessionLease Take(string folder, LeaseHolder holder)
    {
        for (int attempt = 1; ; attempt++)
        {
            string path = System.IO.Path.Combine(folder, $"{holder.Prefix}{ProcessIdentity.Self}-{Guid.NewGuid():N}");
            try
            {
                FileStream held = ExclusiveFile.Open(path, FileMode.CreateNew, FileOptions.DeleteOnClose);
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

    public void Dispose() => _held.Dispose();

    public static bool IsHeld(string path) => Look(path, remove: false) == LeaseState.Held;

    /// <param name="path">The lease's file.</param>
    /// <param name="remove">An abandoned one is removed: only for the server, which has to know that there was one.</param>
    public static LeaseState Look(string path, bool remove)
    {
        string name = System.IO.Path.GetFileName(path);
        if (ProcessIdentity.TryParse(name.Substring(name.LastIndexOf('.') + 1), out ProcessIdentity holder) && holder.IsAlive)
        {
            return File.Exists(path) ? LeaseState.Held : LeaseState.Gone;
        }

        try
        {
            // The holder of another machine or container shows in the lock alone. Removed while it is locked, so that nobody can take it in between. Elsewhere than on Windows DeleteOnClose would remove one that is held.
            bool isWindows = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);
            using FileStream lease = ExclusiveFile.Open(path, FileMode.Open, remove && isWindows ? FileOptions.DeleteOnClose : FileOptions.None);
            if (remove && !isWindows)
            {
                File.Delete(path);
            }

            return LeaseState.Abandoned;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return LeaseState.Gone;
        }
        catch (IOException)
        {
            return LeaseState.Held;
        }
    }
}

/// <summary>For whom a lease is held.</summary>
/// <param name="Invocation">Short text that is the same in all processes of the invocation and only there; may be a file name.</param>
/// <param name="ProcessId">The process whose end is the invocation's, although nobody gives anything back; 0 when unknown.</param>
internal sealed record LeaseHolder(string Invocation, int ProcessId)
{
    /// <summary>A holder whose own end is all that counts.</summary>
    public static readonly LeaseHolder Self = new("self", 0);

    public string Prefix => string.Format(CultureInfo.InvariantCulture, "{0}.{1}.{2}.", Invocation, ProcessId, ProcessId > 0 ? LinuxProcess.BirthOf(ProcessId) ?? "0" : "0");

    /// <returns>Process id and birth from a lease's name; null where it names none. The birth is "0" where the platform tells none.</returns>
    public static (int Id, string Birth)? ProcessIn(string leasePath)
    {
        string[] parts = System.IO.Path.GetFileName(leasePath).Split('.');
        return parts.Length == 4 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id > 0 ? (id, parts[2]) : null;
    }
}

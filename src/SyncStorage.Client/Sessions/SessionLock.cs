using System.Diagnostics;

namespace SyncStorage.Sessions;

/// <summary>
/// Serialises starting and stopping the server among all processes of a session. The kernel keeps the lock, and lets go of it when its holder dies;
/// who holds it stands beside it, for file systems that keep no locks: there a holder that has died is found out by its process.
/// </summary>
internal sealed class SessionLock : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private readonly FileStream _lock;
    private readonly string _ownerPath;
    private readonly string _self = $"{ProcessIdentity.Self}-{Guid.NewGuid():N}";

    private SessionLock(string directory)
    {
        string path = Path.Combine(directory, "lock");
        _ownerPath = path + ".owner";
        _lock = ExclusiveFile.Open(path, FileMode.OpenOrCreate);
    }

    /// <exception cref="IOException">Somebody else holds it for longer than <paramref name="timeout"/>.</exception>
    public static async Task<IDisposable> TakeAsync(string directory, TimeSpan timeout, CancellationToken cancellation)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                var one = new SessionLock(directory);
                bool isOurs = false;
                try
                {
                    isOurs = one.TryOwn();
                    if (isOurs)
                    {
                        return one;
                    }

                    if (waited.Elapsed >= timeout)
                    {
                        throw new IOException($"'{one._ownerPath}' names a process that has held it for longer than {timeout.TotalSeconds:0} s.");
                    }
                }
                finally
                {
                    if (!isOurs)
                    {
                        one._lock.Dispose();
                    }
                }
            }
            catch (IOException) when (Directory.Exists(directory) && waited.Elapsed < timeout)
            {
                // A file lock has no wait with a deadline; it is held for some ten milliseconds at most.
            }

            await Task.Delay(PollInterval, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>False on file systems without locks.</summary>
    public static bool AreKept(string directory)
    {
        string path = Path.Combine(directory, $"probe.{Guid.NewGuid():N}");
        using var held = ExclusiveFile.Open(path, FileMode.CreateNew, FileOptions.DeleteOnClose);
        try
        {
            ExclusiveFile.Open(path, FileMode.Open).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose()
    {
        // A server that signs off has taken the folder away; the next one's need not be ours.
        if (File.Exists(_ownerPath) && File.ReadAllText(_ownerPath) == _self)
        {
            File.Delete(_ownerPath);
        }

        _lock.Dispose();
    }

    private bool TryOwn()
    {
        if (File.Exists(_ownerPath))
        {
            string owner = File.ReadAllText(_ownerPath);
            if (ProcessIdentity.TryParse(owner, out ProcessIdentity process) && process.IsAlive)
            {
                return false;
            }

            // Whoever makes this file, which only one can, is the one who may remove what the dead left.
            new FileStream($"{_ownerPath}.{owner}", FileMode.CreateNew, FileAccess.Write).Dispose();
            File.Delete(_ownerPath);
        }

        // In one step with what it says.
        string candidate = $"{_ownerPath}.{_self}.tmp";
        File.WriteAllText(candidate, _self);
        try
        {
            File.Move(candidate, _ownerPath);
            return true;
        }
        catch (IOException) when (File.Exists(_ownerPath))
        {
            File.Delete(candidate);
            return false;
        }
    }
}

using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// The invocations of <c>dotnet test</c> that share this server, by their leases: whether one still needs it, and whether the last one was
/// killed instead of ending.
/// </summary>
internal sealed class Invocations(Session session, IProcessTable processes)
{
    private bool _sawDeath;

    /// <summary>Somebody needs the server.</summary>
    public bool AnyActive { get; private set; }

    /// <summary>Nobody needs the server or waits for it, and one of them was killed.</summary>
    public bool AreKilled { get; private set; }

    public void Observe()
    {
        AnyActive = Look(session.LeasesDirectory);
        AreKilled = !AnyActive && !Look(session.WaitingDirectory) && _sawDeath;
    }

    /// <returns>True when a lease in that folder counts.</returns>
    private bool Look(string folder)
    {
        bool any = false;
        foreach (string path in FilesIn(folder))
        {
            LeaseState state = SessionLease.Look(path, remove: true);
            bool isOrphan = LeaseHolder.ProcessIn(path) is { } process && processes.Find(process.Id) != process;
            any |= state == LeaseState.Held && !isOrphan;
            // A build node may hold a lease for longer than the call that it was for lives.
            _sawDeath |= isOrphan && state != LeaseState.Gone;
        }

        return any;
    }

    private static string[] FilesIn(string folder)
    {
        try
        {
            return Directory.GetFiles(folder);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody emptied the temporary folder.
            return [];
        }
    }
}

using SyncStorage.Server.Runs;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Official adapters in the user's own tests, which know no secret. They have runs of their own, which lie in the session and are gone with it: nothing that
/// they do makes a folder in the user's directory, or touches or holds up a run of the invocation's own workers.
/// </summary>
internal sealed class Guests : IDisposable
{
    /// <summary>The tests have ended by then, and these adapters with them: what is held back gets its final status meanwhile.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Whoever has several projects with an official adapter has a run for each, at most.</summary>
    private const int MostRuns = 20;

    private readonly RunHost _host;
    private readonly OfficialRuns _runs;
    private TimeSpan? _endsSince;

    /// <param name="server">What the runs of our own workers need.</param>
    /// <param name="session">Of the invocation.</param>
    /// <param name="ring">Called when a run has something to do.</param>
    public Guests(RunHost server, Session session, Action ring)
    {
        _host = new RunHost
        {
            Clock = server.Clock,
            Log = server.Log,
            Processes = server.Processes,
            Directory = Path.Combine(session.Directory, "guests"),
            SettingsOf = id => new RunSettings { TestRunId = id, TestRunIdGiven = true },
            FinalizeOfficial = server.FinalizeOfficial,
        };
        _runs = new OfficialRuns(new RunBook(_host, null, MostRuns), _host.Log);
        Runs.Changed += ring;
    }

    public RunBook Runs => _runs.Runs;

    /// <summary>They hold up nobody any more: at once where there are none.</summary>
    public bool AreSeenOff => _endsSince is { } since && (_runs.IsIdle || _host.Clock.Now.Uptime - since >= Patience);

    /// <param name="ends">Nobody of the invocation needs the server any longer.</param>
    public void Tend(bool ends)
    {
        _runs.Tend();
        if (!ends)
        {
            _endsSince = null;
        }
        else if (_endsSince is null)
        {
            _endsSince = _host.Clock.Now.Uptime;
            _runs.EndAll(Patience);
        }
    }

    public void Dispose()
    {
        foreach (Run run in Runs.All.Where(run => run.OwesFinalStatus))
        {
            _host.Log.Write(Diagnostics.GuestLeft(run.TestRunId).ToString());
        }

        _runs.Dispose();
    }
}

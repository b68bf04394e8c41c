namespace SyncStorage.Server.Runs;

/// <summary>What is to become of a run now.</summary>
internal enum RunEnd
{
    /// <summary>It goes on.</summary>
    None,
    Complete,
    Interrupt,
}

/// <summary>
/// When the runs of an invocation end. Normally when no lease is left and the workers are done; when the invocation was
/// killed, its workers get a last few seconds.
/// </summary>
/// <param name="completionTimeout">The longest that the end may take.</param>
internal sealed class EndOfInvocation(TimeSpan completionTimeout)
{
    /// <summary>A killed invocation has to be gone 15 s later, delivery included.</summary>
    public static readonly TimeSpan WorkersPatience = TimeSpan.FromSeconds(8);

    private TimeSpan? _since;

    /// <summary>The invocation was killed, or the server was asked to stop.</summary>
    public bool IsInterrupted { get; private set; }

    public bool HasBegun => _since is not null;

    /// <summary>The end takes longer than it ever should: whatever holds it up, the server goes; the journal has it all.</summary>
    public bool IsOverdue(Moment now)
        => _since is { } since && now.Uptime - since >= (IsInterrupted ? WorkersPatience + TimeSpan.FromSeconds(6) : completionTimeout + TimeSpan.FromSeconds(8));

    /// <param name="leases">Somebody of the invocation still needs the server.</param>
    /// <param name="interrupted">The process that called <c>dotnet test</c> is dead, or the server shall stop.</param>
    /// <param name="now">The moment of both.</param>
    public void Observe(bool leases, bool interrupted, Moment now)
    {
        if (interrupted && !IsInterrupted)
        {
            IsInterrupted = true;
            _since = now.Uptime;
        }

        if (!IsInterrupted)
        {
            // A late node of the build may take a lease again: then nothing ends.
            _since = leases ? null : _since ?? now.Uptime;
        }
    }

    public RunEnd Decide(Run run, Moment now)
    {
        if (run.IsOver(leases: !HasBegun))
        {
            return RunEnd.Complete;
        }

        // A hanging process, or one of an invocation that was killed: it gets a last few seconds.
        return _since is not { } since || !run.IsRunning || now.Uptime - since < WorkersPatience ? RunEnd.None
            : run.AllDone ? RunEnd.Complete
            : RunEnd.Interrupt;
    }
}

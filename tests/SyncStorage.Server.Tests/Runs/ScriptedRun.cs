using SyncStorage.Protocol;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Tests.Runs;

/// <summary>A run's rules without files, HTTP or waiting: every call decides, applies, and is over in microseconds.</summary>
internal sealed class ScriptedRun
{
    private readonly HashSet<int> _dead = [];
    private TimeSpan _now;

    public RunState State { get; private set; } = new("R");

    public List<RunEvent> Journal { get; } = [];

    private Moment Now => new(_now, DateTimeOffset.UnixEpoch + _now);

    public bool RegisterOfficial(string pid) => Register(new RegisterRequest { Pid = pid });

    public bool RegisterOwn(string pid, string part, int? processId = null)
        => Register(new RegisterRequest { Pid = pid, Part = part, ProcessId = processId, Project = "P" });

    public void Set(string pid, string status, string? part = null)
    {
        Worker worker = State.Find(pid)!;
        Do(State.SetStatus(worker, part, status, Now));
        if (status == WorkerStatus.InProgress)
        {
            State.Workers.Touch(worker, Now);
        }
    }

    public void Complete(string pid, string? part = null) => Set(pid, WorkerStatus.Completed, part);

    public void KeepAlive(string pid)
    {
        Worker worker = State.Find(pid)!;
        Do(State.KeepAlive(worker, Now));
        State.Workers.TouchByPing(worker, Now);
    }

    public bool Offer(string externalId, string? pid = null, string? testCaseId = null)
    {
        var cut = new TestResultCut { AutoTestExternalId = externalId, StatusType = "Succeeded", Pid = pid, TestCaseId = testCaseId };
        Do(State.Offer(cut, Now));
        return State.Slot.Holds(cut);
    }

    public void Kill(int processId) => _dead.Add(processId);

    /// <summary>Lets time pass in steps of half a second, as the server does.</summary>
    public void Wait(double seconds)
    {
        for (double passed = 0; passed < seconds; passed += 0.5)
        {
            _now += TimeSpan.FromSeconds(0.5);
            Do(State.Pass(part => !_dead.Contains(part.Process!.Id), Now));
        }
    }

    /// <summary>Somebody waits in wait-completion from now on.</summary>
    public void Await() => State.Waiting++;

    /// <summary>What an adapter's fallback is told that asks to complete the run now.</summary>
    public bool HasOthersAtWork => State.HasOthersAtWork(Now);

    public bool IsOver(bool? leases) => State.IsOver(leases, Now);

    public void End(bool interrupted = false) => Do([RunState.End(interrupted, Now)]);

    public string StatusOf(string pid) => State.Find(pid)!.Status;

    /// <summary>What a server knows that reads the journal of a killed one.</summary>
    public void RestartServer()
    {
        var again = new RunState("R");
        foreach (RunEvent e in Journal)
        {
            again.Apply(e, Now);
        }

        State = again;
    }

    private bool Register(RegisterRequest request)
    {
        Do(State.Register(request, request.ProcessId is int id ? new ProcessIdentity(id, "birth") : null, Now));
        State.Workers.Touch(State.Find(request.Pid!)!, Now);
        return State.MasterPid == request.Pid;
    }

    private void Do(IEnumerable<RunEvent> decided)
    {
        foreach (RunEvent e in decided.ToList())
        {
            Journal.Add(e);
            State.Apply(e, Now);
        }
    }
}

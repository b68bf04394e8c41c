using SyncStorage.Protocol;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Runs;

internal enum RunPhase
{
    Running,
    Completed,
    Interrupted,
}

/// <summary>
/// The rules of one run: who is master, which result is held back, who is lost, when all is over. Free of HTTP, files and
/// clocks. Methods in the imperative decide and answer with the events that follow; only <see cref="Apply"/> changes
/// anything, so that events read back from a journal lead to the same state.
/// </summary>
internal sealed class RunState(string testRunId)
{
    /// <summary>Each one is looked at twice a second; who registers more than this has lost its mind.</summary>
    public const int MostWorkers = 10_000;

    /// <summary>Halves of a worker that it may name; ours have three names.</summary>
    public const int MostParts = 8;

    public string TestRunId => testRunId;

    /// <summary>False when another service elects the master.</summary>
    public bool ElectsMaster { get; init; } = true;

    public RunPhase Phase { get; private set; }
    public DateTimeOffset StartedOn { get; private set; }
    public DateTimeOffset? CompletedOn { get; private set; }
    public string? MasterPid { get; private set; }
    public Slot Slot { get; } = new();
    public HeldResult? Held => Slot.Held;
    public bool Forced { get; private set; }
    public WorkerSet Workers { get; } = new();

    public Worker? Find(string? pid) => Workers.Find(pid);

    /// <summary>Idempotent. The first worker becomes master; a worker that comes after the end opens the run again.</summary>
    public IEnumerable<RunEvent> Register(RegisterRequest request, ProcessIdentity? process, Moment now)
    {
        string pid = request.Pid!;
        string partName = request.Part ?? "";
        Worker? worker = Find(pid);
        Part? part = worker?.Find(partName);
        bool slotOpen = Held is null;
        if (Phase != RunPhase.Running)
        {
            yield return new RunEvent { Kind = RunEvents.Reopened, At = now.Time };
            slotOpen = true;
        }

        bool known = part is { Status: WorkerStatus.InProgress }
            && (process is null || part.Process == process)
            && (request.Project is null || worker!.Project == request.Project)
            && (request.TargetFramework is null || worker!.TargetFramework == request.TargetFramework);
        if (!known)
        {
            yield return new RunEvent
            {
                Kind = RunEvents.Registered,
                At = now.Time,
                Pid = pid,
                Part = request.Part,
                ProcessId = process?.Id,
                ProcessBirth = process?.Birth,
                Project = request.Project,
                TargetFramework = request.TargetFramework,
            };
        }

        // An official client asks once: the one that was told "not master" would never learn that it is now, so the seat waits for another.
        bool toldOtherwise = worker is { IsOwn: false };
        bool vacant = MasterPid is null || (slotOpen && MasterPid != pid && !toldOtherwise && Find(MasterPid) is { } master && HasEnded(master, now));
        if (ElectsMaster && (vacant || Phase != RunPhase.Running))
        {
            yield return new RunEvent { Kind = RunEvents.MasterElected, At = now.Time, Pid = pid };
        }
    }

    /// <param name="partName">Null speaks for the whole worker.</param>
    public IEnumerable<RunEvent> SetStatus(Worker worker, string? partName, string status, Moment now)
    {
        if (status == WorkerStatus.InProgress && Phase != RunPhase.Running)
        {
            yield return new RunEvent { Kind = RunEvents.Reopened, At = now.Time };
        }

        bool changes = partName is null
            ? worker.Parts.Any(part => part.Status != status)
            : worker.Find(partName)?.Status != status;
        if (changes)
        {
            yield return new RunEvent { Kind = RunEvents.StatusSet, At = now.Time, Pid = worker.Pid, Part = partName, Status = status };
        }
    }

    /// <summary>A sign of life: whoever was given up takes part again.</summary>
    public IEnumerable<RunEvent> KeepAlive(Worker worker, Moment now)
    {
        if (worker is { HasPinged: false, IsOwn: false } && Phase == RunPhase.Running)
        {
            // Written down, or a server that is started in this one's place would take the worker's "completed" for its end.
            yield return new RunEvent { Kind = RunEvents.Pinged, At = now.Time, Pid = worker.Pid };
        }

        if (worker.Status == WorkerStatus.Lost && Phase == RunPhase.Running)
        {
            yield return new RunEvent { Kind = RunEvents.StatusSet, At = now.Time, Pid = worker.Pid, Status = WorkerStatus.InProgress };
        }
    }

    /// <summary>The first cut wins; of our own workers only the master may offer.</summary>
    public IEnumerable<RunEvent> Offer(TestResultCut cut, Moment now)
    {
        // A cut that names no test could never become final.
        bool namesOne = !string.IsNullOrEmpty(cut.AutoTestExternalId);
        bool mayHold = namesOne && Phase == RunPhase.Running && Held is null && (cut.Pid is null || cut.Pid == MasterPid);
        return mayHold ? [new RunEvent { Kind = RunEvents.Held, At = now.Time, Pid = cut.Pid, Cut = cut }] : [];
    }

    /// <summary>
    /// True while results may not be published yet: nobody is held back so far, or the body of who is has still to come.
    /// </summary>
    public bool AwaitsHeldResult
        => Held is null || (Held.Index is null && Held.Pid is not null && Find(Held.Pid) is { HandsResultsOver: true });

    /// <summary>
    /// What time brings about: lost workers, a slot whose result will not come any more, a new master.
    /// </summary>
    /// <param name="isAlive">Whether the process of a part still runs.</param>
    public IEnumerable<RunEvent> Pass(Func<Part, bool> isAlive, Moment now)
    {
        if (Phase != RunPhase.Running)
        {
            yield break;
        }

        foreach (Worker worker in Workers)
        {
            foreach (Part part in worker.Parts)
            {
                if (part.Status == WorkerStatus.InProgress && Liveness.IsLost(worker, part, isAlive, now))
                {
                    yield return Lose(worker, part, now);
                }
            }
        }

        foreach (RunEvent follows in Succeed(now))
        {
            yield return follows;
        }
    }

    /// <summary>Nobody is waited for any more: what has not completed is lost.</summary>
    public IEnumerable<RunEvent> GiveUp(Moment now)
        => from worker in Workers
           from part in worker.Parts
           where part.Status == WorkerStatus.InProgress
           select Lose(worker, part, now);

    public void Force() => Forced = true;

    /// <summary>Somebody besides an official master takes part, or may do so again.</summary>
    public bool HasOthersAtWork(Moment now)
        => Workers.Any(worker => (worker.IsOwn || worker.Pid != MasterPid) && !HasEnded(worker, now));

    /// <summary>How many wait for the completion of the run and are no workers of it.</summary>
    public int Waiting { get; set; }

    /// <summary>All workers are done and stayed so.</summary>
    /// <param name="leases">How the caller knows who still may come: null = it does not (stand-alone), true = somebody will, false = nobody.</param>
    public bool IsOver(bool? leases, Moment now)
    {
        if (Phase != RunPhase.Running)
        {
            return false;
        }

        if (Forced)
        {
            return true;
        }

        if (leases == true || !Workers.AllDone)
        {
            return false;
        }

        // Our own workers end once, and with the last lease gone nobody starts another: there is nothing to wait for.
        bool needsGrace = leases is null || Workers.HasOfficial;
        return Workers.Count == 0 ? leases == false
            : !needsGrace || (now.Uptime - Workers.QuietSince >= Liveness.Grace && Workers.AllHaveEnded(awaited: Waiting > 0, now));
    }

    public static RunEvent End(bool interrupted, Moment now)
        => new() { Kind = interrupted ? RunEvents.Interrupted : RunEvents.Completed, At = now.Time };

    public void Apply(RunEvent e, Moment now)
    {
        Slot.Apply(e);
        switch (e.Kind)
        {
            case RunEvents.Opened when StartedOn == default:
                StartedOn = e.At;
                break;
            case RunEvents.Registered:
                Workers.Register(e, now);
                break;
            case RunEvents.StatusSet:
                Workers.SetStatus(e.Pid, e.Part, e.Status!, now);
                break;
            case RunEvents.Lost:
                Workers.SetStatus(e.Pid, e.Part ?? "", WorkerStatus.Lost, now);
                break;
            case RunEvents.Pinged when Find(e.Pid) is { } worker:
                worker.HasPinged = true;
                worker.LastPing = now.Uptime;
                break;
            case RunEvents.MasterElected:
                MasterPid = e.Pid;
                break;
            case RunEvents.Completed or RunEvents.Interrupted:
                Phase = e.Kind == RunEvents.Completed ? RunPhase.Completed : RunPhase.Interrupted;
                CompletedOn = e.At;
                break;
            case RunEvents.Reopened:
                Phase = RunPhase.Running;
                CompletedOn = null;
                Forced = false;
                break;
        }
    }

    private static RunEvent Lose(Worker worker, Part part, Moment now)
        => new() { Kind = RunEvents.Lost, At = now.Time, Pid = worker.Pid, Part = part.Name };

    /// <summary>
    /// The slot is open and its master has ended: a worker of ours that is alive takes over. Never an official one, which has been told
    /// that it is not the master: for those the seat stays vacant until the next one registers.
    /// </summary>
    private IEnumerable<RunEvent> Succeed(Moment now)
    {
        if (Held is { Index: null, Pid: not null } && AwaitsHeldResult && Find(Held.Pid) is { } holder && HasEnded(holder, now))
        {
            // Its worker is gone and the result has not come: nothing is held back in truth.
            yield return new RunEvent { Kind = RunEvents.HeldReleased, At = now.Time, Pid = Held.Pid };
        }
        else if (Held is not null)
        {
            yield break;
        }

        if (ElectsMaster && (Find(MasterPid) is not { } master || HasEnded(master, now))
            && Workers.Find(worker => worker is { IsOwn: true, IsDone: false }) is { } heir && heir.Pid != MasterPid)
        {
            yield return new RunEvent { Kind = RunEvents.MasterElected, At = now.Time, Pid = heir.Pid };
        }
    }

    private static bool HasEnded(Worker worker, Moment now) => Liveness.HasEnded(worker, awaited: false, now);
}

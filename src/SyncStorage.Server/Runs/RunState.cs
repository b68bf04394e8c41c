using System;
using System.Collections.Generic;
using System.Linq;
using SyncStorage.Protocol;

namespace SyncStorage.Server.Runs;

internal enum RunPhase
{
    Running,
    Completed,
    Interrupted,
}

/// <summary>The result that is held back, or for official clients the cut of it.</summary>
/// <param name="Cut">What was offered, with the final status.</param>
/// <param name="Pid">The worker that offered it; null for an official client, whose POST names none.</param>
/// <param name="Index">The handed-over result that the cut stands for; null until it came, for official clients for ever.</param>
/// <param name="Finalized">It got its final status.</param>
internal sealed record HeldResult(TestResultCut Cut, string? Pid, long? Index, bool Finalized);

/// <summary>
/// The rules of one run: who is master, which result is held back, who is lost, when all is over. Free of HTTP, files and
/// clocks. Methods in the imperative decide and answer with the events that follow; only <see cref="Apply"/> changes
/// anything, so that events read back from a journal lead to the same state.
/// </summary>
internal sealed class RunState(string testRunId)
{
    /// <summary>Statuses of official adapters flap after every test: "all are completed" must hold for this long.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Official clients ping every 25 to 30 s, if at all.</summary>
    public static readonly TimeSpan LostAfterPings = TimeSpan.FromSeconds(60);

    /// <summary>For official clients that never ping: a single test may well take minutes.</summary>
    public static readonly TimeSpan LostWithoutPings = TimeSpan.FromMinutes(10);

    /// <summary>Each one is looked at twice a second; who registers more than this has lost its mind.</summary>
    public const int MostWorkers = 10_000;

    /// <summary>Halves of a worker that it may name; ours have three names.</summary>
    public const int MostParts = 8;

    private readonly Dictionary<string, Worker> _byPid = new(StringComparer.Ordinal);
    private readonly List<Worker> _workers = [];
    private readonly List<TestResultCut> _owed = [];
    private TimeSpan _lastDisturbance;

    public string TestRunId => testRunId;

    /// <summary>False when another service elects the master.</summary>
    public bool ElectsMaster { get; init; } = true;

    public RunPhase Phase { get; private set; }
    public DateTimeOffset StartedOn { get; private set; }
    public DateTimeOffset? CompletedOn { get; private set; }
    public string? MasterPid { get; private set; }
    public HeldResult? Held { get; private set; }

    /// <summary>The last one that was held, kept when a completed run is reopened and its slot is free again.</summary>
    public HeldResult? LastHeld { get; private set; }

    /// <summary>Cuts of earlier rounds of the run whose results others wrote, and which have no final status yet.</summary>
    public IReadOnlyList<TestResultCut> Owed => _owed;

    public bool Forced { get; private set; }
    public IReadOnlyList<Worker> Workers => _workers;

    public Worker? Find(string pid) => _byPid.GetValueOrDefault(pid);

    /// <summary>Idempotent. The first worker becomes master; a worker that comes after the end opens the run again.</summary>
    public IEnumerable<RunEvent> Register(RegisterRequest request, string? processBirth, Moment now)
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
            && (request.ProcessId is null || (part.ProcessId == request.ProcessId && part.ProcessBirth == processBirth))
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
                ProcessId = request.ProcessId,
                ProcessBirth = processBirth,
                Project = request.Project,
                TargetFramework = request.TargetFramework,
            };
        }

        bool vacant = Phase != RunPhase.Running || MasterPid is null || (slotOpen && MasterPid != pid && HasEnded(Find(MasterPid), now));
        if (vacant && ElectsMaster)
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
        worker.HasPinged = true;
        Touch(worker, now);
        return worker.Status == WorkerStatus.Lost && Phase == RunPhase.Running ? SetStatus(worker, null, WorkerStatus.InProgress, now) : [];
    }

    /// <summary>Any request of a worker. Restarts the grace period, but is no event: after a restart of the server all deadlines begin anew.</summary>
    public void Touch(Worker worker, Moment now)
    {
        worker.LastSign = now.Uptime;
        _lastDisturbance = now.Uptime;
    }

    /// <summary>The first cut wins; of our own workers only the master may offer.</summary>
    public IEnumerable<RunEvent> Offer(TestResultCut cut, Moment now)
    {
        bool mayHold = Phase == RunPhase.Running && Held is null && (cut.Pid is null || cut.Pid == MasterPid);
        return mayHold ? [new RunEvent { Kind = RunEvents.Held, At = now.Time, Pid = cut.Pid, Cut = cut }] : [];
    }

    /// <summary>True when this very cut is the held one: also for a retry whose first answer got lost.</summary>
    public bool IsHeld(TestResultCut cut)
        => Held is not null && Held.Pid == cut.Pid && Held.Cut.TestCaseId == cut.TestCaseId
            && Held.Cut.AutoTestExternalId == cut.AutoTestExternalId && Held.Cut.StartedOn == cut.StartedOn;

    /// <summary>
    /// True while results may not be published yet: nobody is held back so far, or the body of who is has still to come.
    /// </summary>
    public bool AwaitsHeldResult
        => Held is null || (Held.Index is null && Held.Pid is not null && Find(Held.Pid) is { HandsResultsOver: true });

    public bool IsAwaited(string workerPid, string testCaseId)
        => Held is { Index: null, Pid: not null } && Held.Pid == workerPid && Held.Cut.TestCaseId is { } id && string.Equals(id, testCaseId, StringComparison.OrdinalIgnoreCase);

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

        foreach (Worker worker in _workers)
        {
            foreach (Part part in worker.Parts)
            {
                if (part.Status == WorkerStatus.InProgress && IsLost(worker, part, isAlive, now))
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
        => from worker in _workers
           from part in worker.Parts
           where part.Status == WorkerStatus.InProgress
           select Lose(worker, part, now);

    public void Force() => Forced = true;

    public bool AllDone => _workers.TrueForAll(worker => worker.IsDone);

    public bool HasOfficialWorkers => _workers.Exists(worker => !worker.IsOwn);

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

        if (leases == true || !AllDone)
        {
            return false;
        }

        // Our own workers end once, and with the last lease gone nobody starts another: there is nothing to wait for.
        bool needsGrace = leases is null || HasOfficialWorkers;
        return _workers.Count > 0 ? !needsGrace || now.Uptime - QuietSince >= Grace : leases == false;
    }

    public static RunEvent End(bool interrupted, Moment now)
        => new() { Kind = interrupted ? RunEvents.Interrupted : RunEvents.Completed, At = now.Time };

    public void Apply(RunEvent e, Moment now)
    {
        switch (e.Kind)
        {
            case RunEvents.Opened when StartedOn == default:
                StartedOn = e.At;
                break;
            case RunEvents.Registered:
                Add(e, now);
                break;
            case RunEvents.StatusSet when Find(e.Pid!) is { } worker:
                SetParts(worker, e.Part, e.Status!, now);
                break;
            case RunEvents.Lost when Find(e.Pid!) is { } worker:
                SetParts(worker, e.Part ?? "", WorkerStatus.Lost, now);
                break;
            case RunEvents.MasterElected:
                MasterPid = e.Pid;
                break;
            case RunEvents.Held:
                Held = LastHeld = new HeldResult(e.Cut!, e.Pid, e.Index, false);
                break;
            case RunEvents.HeldBound when Held is not null:
                Held = LastHeld = Held with { Index = e.Index };
                break;
            case RunEvents.HeldReleased:
                Held = LastHeld = null;
                break;
            case RunEvents.HeldFinalized:
                SetFinal(e.Cut);
                break;
            case RunEvents.Completed or RunEvents.Interrupted:
                Phase = e.Kind == RunEvents.Completed ? RunPhase.Completed : RunPhase.Interrupted;
                CompletedOn = e.At;
                break;
            case RunEvents.Reopened:
                Phase = RunPhase.Running;
                CompletedOn = null;
                // The next round may hold another one back, and this one must not be forgotten over it.
                if (Held is { Index: null, Finalized: false })
                {
                    _owed.Add(Held.Cut);
                }

                // One that is still to become final holds the run open in Test IT: no second one beside it.
                Held = Held is { Index: not null, Finalized: false } ? Held : null;
                Forced = false;
                break;
        }
    }

    /// <summary>The held-back result turned out to be done with: nothing is held any more.</summary>
    public void Forget(long index) => Held = Held?.Index == index ? null : Held;

    /// <param name="cut">Null in journals of earlier versions: the last one.</param>
    private void SetFinal(TestResultCut? cut)
    {
        _owed.RemoveAll(owed => cut is null || IsSame(owed, cut));
        if (LastHeld is not null && (cut is null || IsSame(LastHeld.Cut, cut)))
        {
            LastHeld = LastHeld with { Finalized = true };
            Held = Held is null ? null : LastHeld;
        }
    }

    private static bool IsSame(TestResultCut one, TestResultCut other)
        => one.AutoTestExternalId == other.AutoTestExternalId && one.StartedOn == other.StartedOn && one.Pid == other.Pid;

    private TimeSpan QuietSince
    {
        get
        {
            TimeSpan last = _lastDisturbance;
            foreach (Worker worker in _workers)
            {
                last = worker.DoneSince > last ? worker.DoneSince : last;
            }

            return last;
        }
    }

    private void Add(RunEvent e, Moment now)
    {
        Worker? worker = Find(e.Pid!);
        if (worker is null)
        {
            worker = new Worker(e.Pid!);
            _byPid.Add(worker.Pid, worker);
            _workers.Add(worker);
        }

        worker.Project = e.Project ?? worker.Project;
        worker.TargetFramework = e.TargetFramework ?? worker.TargetFramework;
        Part part = worker.GetOrAdd(e.Part ?? "");
        part.Status = WorkerStatus.InProgress;
        part.ProcessId = e.ProcessId ?? part.ProcessId;
        part.ProcessBirth = e.ProcessId is null ? part.ProcessBirth : e.ProcessBirth;
        Touch(worker, now);
    }

    private static void SetParts(Worker worker, string? partName, string status, Moment now)
    {
        foreach (Part part in partName is null ? worker.Parts : [worker.GetOrAdd(partName)])
        {
            part.Status = status;
        }

        if (worker.IsDone)
        {
            worker.DoneSince = now.Uptime;
        }
    }

    private static RunEvent Lose(Worker worker, Part part, Moment now)
        => new() { Kind = RunEvents.Lost, At = now.Time, Pid = worker.Pid, Part = part.Name };

    private static bool IsLost(Worker worker, Part part, Func<Part, bool> isAlive, Moment now)
    {
        if (part.ProcessId is not null)
        {
            return !isAlive(part);
        }

        // Ours without a process to watch hold a lease or die with the invocation; only official ones are timed.
        return !worker.IsOwn && now.Uptime - worker.LastSign >= (worker.HasPinged ? LostAfterPings : LostWithoutPings);
    }

    /// <summary>The slot is open and its master has ended: somebody who is alive takes over.</summary>
    private IEnumerable<RunEvent> Succeed(Moment now)
    {
        Worker? master = MasterPid is null ? null : Find(MasterPid);
        if (Held is { Index: null, Pid: not null } && AwaitsHeldResult && Find(Held.Pid) is { IsDone: true } ended && HasEnded(ended, now))
        {
            // Its worker is gone and the result has not come: nothing is held back in truth.
            yield return new RunEvent { Kind = RunEvents.HeldReleased, At = now.Time, Pid = Held.Pid };
        }
        else if (Held is not null)
        {
            yield break;
        }

        if (!ElectsMaster)
        {
            yield break;
        }

        if (master is null || HasEnded(master, now))
        {
            Worker? heir = _workers.Find(worker => !worker.IsDone);
            if (heir is not null && heir.Pid != MasterPid)
            {
                yield return new RunEvent { Kind = RunEvents.MasterElected, At = now.Time, Pid = heir.Pid };
            }
        }
    }

    /// <summary>Lost, or completed for good: the "completed" of an official client may be taken back at its next test.</summary>
    private static bool HasEnded(Worker? worker, Moment now)
        => worker is not null && worker.IsDone && (worker.IsOwn || worker.Status == WorkerStatus.Lost || now.Uptime - worker.DoneSince >= Grace);
}

using System.Collections;
using SyncStorage.Protocol;

namespace SyncStorage.Server.Runs;

/// <summary>The workers of a run in the order in which they came, and what their events make of them.</summary>
internal sealed class WorkerSet : IReadOnlyList<Worker>
{
    private readonly Dictionary<string, Worker> _byPid = new(StringComparer.Ordinal);
    private readonly List<Worker> _workers = [];
    private TimeSpan _lastDisturbance;

    public int Count => _workers.Count;

    public Worker this[int index] => _workers[index];

    public bool AllDone => _workers.TrueForAll(worker => worker.IsDone);

    public bool HasOfficial => _workers.Exists(worker => !worker.IsOwn);

    /// <summary>When the last of them said anything, or was given up.</summary>
    public TimeSpan QuietSince
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

    public Worker? Find(string? pid) => pid is null ? null : _byPid.GetValueOrDefault(pid);

    public Worker? Find(Predicate<Worker> isWanted) => _workers.Find(isWanted);

    public bool AllHaveEnded(bool awaited, Moment now) => _workers.TrueForAll(worker => Liveness.HasEnded(worker, awaited, now));

    /// <summary>Any request of a worker. Restarts the grace period, but is no event: after a restart of the server all deadlines begin anew.</summary>
    public void Touch(Worker worker, Moment now)
    {
        worker.LastSign = now.Uptime;
        _lastDisturbance = now.Uptime;
    }

    public void TouchByPing(Worker worker, Moment now)
    {
        worker.LastPing = now.Uptime;
        Touch(worker, now);
    }

    public void Register(RunEvent e, Moment now)
    {
        Worker? worker = Find(e.Pid);
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
        part.Process = e.Process ?? part.Process;
        Touch(worker, now);
    }

    /// <param name="pid">A worker that may be unknown.</param>
    /// <param name="partName">Null: all its parts.</param>
    /// <param name="status">Their status.</param>
    /// <param name="now">The moment.</param>
    public void SetStatus(string? pid, string? partName, string status, Moment now)
    {
        if (Find(pid) is not { } worker)
        {
            return;
        }

        foreach (Part part in partName is null ? worker.Parts : [worker.GetOrAdd(partName)])
        {
            part.Status = status;
        }

        if (worker.IsDone)
        {
            worker.DoneSince = now.Uptime;
        }
    }

    public IEnumerator<Worker> GetEnumerator() => _workers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Runs;

// What others may know of the run.
internal sealed partial class Run
{
    public bool IsRunning => Look(() => _state.Phase == RunPhase.Running && _failedEnds < MostEnds);

    public bool HasWorkers => Look(() => _state.Workers.Count > 0);

    public bool IsHeld(TestResultCut cut) => Look(() => _state.Slot.Holds(cut));

    public bool IsMaster(string pid) => Look(() => _state.MasterPid == pid);

    public string? HolderPid => Look(() => _state.Held?.Pid);

    /// <summary>Pid and whether it is done, of all workers.</summary>
    public IReadOnlyList<(string Pid, bool IsDone)> WorkerStates => Look(() => _state.Workers.Select(worker => (worker.Pid, worker.IsDone)).ToList());

    public bool IsPublished => Look(() => _state.Held is not null || _slot is { IsDecided: true });

    public bool AllDone => Look(() => _state.Workers.AllDone);

    /// <summary>Test IT has answered and let us into the run.</summary>
    public bool IsInTestIt => Look(() => (_publisher?.TestRunId ?? _createdTestRunId) is not null);

    /// <summary>A worker that ended without saying so.</summary>
    public bool HasLostWorkers => Look(() => _state.Workers.Any(worker => worker.Status == WorkerStatus.Lost));

    public Report Describe()
    {
        lock (_gate)
        {
            ResultCounts counts = _store.Counts;
            return new Report
            {
                TestRunId = _publisher?.TestRunId ?? _createdTestRunId ?? TestRunId,
                TestRunUrl = _publisher?.TestRunUrl ?? _testRunUrl,
                State = _state.Phase switch { RunPhase.Completed => "completed", RunPhase.Interrupted => "interrupted", _ => "running" },
                StartedOn = _state.StartedOn,
                CompletedOn = _state.CompletedOn,
                Workers = DescribeWorkers(),
                InProgress = (_state.Held ?? _state.Slot.LastHeld) is { } held
                    ? new ReportedHeldResult { AutoTestExternalId = held.Cut.AutoTestExternalId, StatusType = held.Cut.StatusType, Finalized = held.Finalized }
                    : null,
                Results = new ReportedResults
                {
                    Observed = counts.Observed,
                    Sent = counts.Sent,
                    Spooled = counts.Spooled,
                    Rejected = counts.Rejected,
                    Outcomes = new ReportedOutcomes { Passed = counts.Passed, Failed = counts.Failed, Skipped = counts.Skipped },
                    Recovered = counts.Recovered,
                },
                // That something is left was true once; a later try has made an end of it.
                Notices = _notices.Where(notice => HasLeftNow || _state.Held is { Finalized: false } || !Diagnostics.IsLeftOver(notice.Code)).ToArray(),
            };
        }
    }

    private List<ReportedWorker> DescribeWorkers()
    {
        PublisherStanding standing = _publisher?.Standing ?? PublisherStanding.Sending;
        // Everybody's results wait until the master's first is held back. Whoever is done before that has nothing to wait for: the master is
        // not done, and who ends last looks at all of them.
        bool waiting = OthersWait && !_state.Workers.AllDone;
        return _state.Workers.Select(worker =>
        {
            long held = standing.Held.Count(index => _store[index].WorkerPid == worker.Pid && _store.DeliveryOf(index) == Delivery.Pending);
            bool later = waiting || standing.SendsAtTheEnd;
            return new ReportedWorker
            {
                Pid = worker.Pid,
                Project = worker.Project,
                TargetFramework = worker.TargetFramework,
                IsMaster = worker.Pid == _state.MasterPid,
                Status = worker.Status,
                Settled = worker.IsDone && (later || standing.HasGivenUp || _store.PendingOf(worker.Pid) - held <= 0),
                Spooled = later && !standing.HasGivenUp ? 0 : _store.UndeliveredOf(worker.Pid) - held,
            };
        }).ToList();
    }

    private void WriteReport()
    {
        try
        {
            Report report = Describe();
            byte[] content = ReadableJson.Write(report, ServerJsonOut.Default.Report, indented: true).ToArray();
            if (_state.Phase != RunPhase.Running)
            {
                SharedFile.WriteLast(_folder.ReportPath, content);
            }
            else
            {
                SharedFile.Write(_folder.ReportPath, content, patience: ReportPatience);
            }

            _reportIsOld = false;
            _awaitsSettling = report.Workers.Any(worker => worker is { Settled: false, Status: not WorkerStatus.InProgress });
            _publisher?.Hurry(_awaitsSettling);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log(Diagnostics.FileNotWritten(_folder.ReportPath, e.Message).ToString());
        }

        _reportedAt = Now.Uptime;
    }

    private T Look<T>(Func<T> look)
    {
        lock (_gate)
        {
            return look();
        }
    }
}

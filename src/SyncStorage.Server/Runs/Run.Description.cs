using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;

namespace SyncStorage.Server.Runs;

// What others may know of the run.
internal sealed partial class Run
{
    public bool IsRunning => Look(() => _state.Phase == RunPhase.Running && _failedEnds < MostEnds);

    public bool HasWorkers => Look(() => _state.Workers.Count > 0);

    public bool IsHeld(TestResultCut cut) => Look(() => _state.IsHeld(cut));

    public bool IsMaster(string pid) => Look(() => _state.MasterPid == pid);

    public string? HolderPid => Look(() => _state.Held?.Pid);

    /// <summary>Pid and whether it is done, of all workers.</summary>
    public IReadOnlyList<(string Pid, bool IsDone)> WorkerStates => Look(() => _state.Workers.Select(worker => (worker.Pid, worker.IsDone)).ToList());

    public bool IsPublished => Look(() => _state.Held is not null || _slot is { IsDecided: true });

    public bool AllDone => Look(() => _state.AllDone);

    /// <summary>Test IT has answered and let us into the run.</summary>
    public bool IsInTestIt => Look(() => (_publisher?.TestRunId ?? _createdTestRunId) is not null);

    /// <summary>Test IT said for good that it takes nothing more for this run: asking again without a user's word is no use.</summary>
    public bool IsRefused => Look(() => _notices.Any(notice => notice.StartsWith(RunUnusableException.OverCode, StringComparison.Ordinal)));

    /// <summary>A worker that ended without saying so.</summary>
    public bool HasLostWorkers => Look(() => _state.Workers.Any(worker => worker.Status == WorkerStatus.Lost));

    public bool HasUndoneOwnWorkers => Look(() => _state.Workers.Any(worker => worker is { IsOwn: true, IsDone: false }));

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
                Workers = _state.Workers.Select(worker => new ReportedWorker
                {
                    Pid = worker.Pid,
                    Project = worker.Project,
                    TargetFramework = worker.TargetFramework,
                    IsMaster = worker.Pid == _state.MasterPid,
                    Status = worker.Status,
                }).ToList(),
                InProgress = (_state.Held ?? _state.LastHeld) is { } held
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
                // That something is spooled was true once; a resend has made an end of it.
                Notices = _notices.Where(notice => counts.Spooled > 0 || !notice.StartsWith("SYNC0015", StringComparison.Ordinal)).ToArray(),
            };
        }
    }

    private void WriteReport()
    {
        try
        {
            AtomicFile.Write(_folder.ReportPath, ReadableJson.Write(Describe(), ServerJsonOut.Default.Report, indented: true), ownerOnly: false);
            _reportIsOld = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log($"SYNC0004: {_folder.ReportPath} cannot be written: {e.Message}");
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

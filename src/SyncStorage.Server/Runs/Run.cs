using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Runs;

/// <summary>
/// A run as it lives: the rules (<see cref="RunState"/>), what they have decided (the journal), the results and where they
/// go. One lock around all of it, never held across the network; what it answers has been journaled before.
/// </summary>
internal sealed class Run : IDeliveryLog, IDisposable
{
    private const int MostEnds = 3;

    private readonly object _gate = new();
    private readonly RunHost _host;
    private readonly RunFolder _folder;
    private readonly Journal _journal;
    private readonly ResultStore _store;
    private readonly RunState _state;
    private readonly IForeignSlot? _slot;
    private readonly List<string> _notices = [];
    private TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IResultPublisher? _publisher;
    private RegisteredAddress? _address;
    private string? _createdTestRunId;
    private string? _testRunUrl;

    /// <summary>The first result that the publisher has not been given.</summary>
    private long _toPublish;
    private bool _heldPublished;
    private bool _othersReleased;
    private bool _finishing;
    private int _failedEnds;
    private bool _closed;
    private bool _reportIsOld;
    private TimeSpan? _reportedAt;

    /// <param name="testRunId">The id that workers register for.</param>
    /// <param name="folder">Created if need be; a journal in it is read and continued.</param>
    /// <param name="host">The server around it.</param>
    /// <param name="slot">Who elects the master and keeps the slot in our place; null when this server does.</param>
    /// <param name="adopt">False: only to close what a dead server left, by its own settings.</param>
    /// <exception cref="IOException">A living server has the folder, or it cannot be written.</exception>
    public Run(string testRunId, RunFolder folder, RunHost host, IForeignSlot? slot = null, bool adopt = true)
    {
        _host = host;
        _folder = folder;
        _slot = slot;
        _state = new RunState(testRunId) { ElectsMaster = slot is null };
        OwnerOnly.CreateDirectory(folder.Path);
        _journal = new Journal(folder.JournalPath);
        try
        {
            _store = new ResultStore(folder.ResultsPath);
            RunSettings? recalled = Recall();
            bool isMine = recalled is not null && OpenedBy == host.Session;
            Settings = recalled is null || (adopt && !isMine) ? host.SettingsOf(testRunId) : recalled;
            if (recalled is null || (adopt && !isMine))
            {
                Commit([new RunEvent { Kind = RunEvents.Opened, At = host.Clock.Now.Time, TestRunId = testRunId, Session = host.Session, Settings = Settings }]);
                Log($"Run {testRunId} opened; {(Settings.Publish ? "results go to " + Settings.Url : "results stay in the local report")}.");
            }
        }
        catch
        {
            _store?.Dispose();
            _journal.Dispose();
            throw;
        }
    }

    public string TestRunId => _state.TestRunId;
    public RunFolder Folder => _folder;
    public RunSettings Settings { get; }

    /// <summary>The invocation that opened the run, as its journal tells.</summary>
    public string? OpenedBy { get; private set; }

    public bool IsRunning
    {
        get
        {
            lock (_gate)
            {
                return _state.Phase == RunPhase.Running && _failedEnds < MostEnds;
            }
        }
    }

    public bool HasWorkers
    {
        get
        {
            lock (_gate)
            {
                return _state.Workers.Count > 0;
            }
        }
    }

    /// <summary>Done when the run is over; a new one when it is opened again.</summary>
    public Task Over
    {
        get
        {
            lock (_gate)
            {
                return _over.Task;
            }
        }
    }

    /// <returns>True when the worker is the master.</returns>
    public bool Register(RegisterRequest request)
    {
        string? birth = request.ProcessId is int id ? _host.Processes.BirthOf(id) : null;
        lock (_gate)
        {
            ThrowIfClosed();
            // A process that cannot be seen from here (another machine, a container) cannot be watched either.
            RegisterRequest seen = birth is null ? WithoutProcess(request) : request;
            Commit(_state.Register(seen, birth, Now));
            _state.Touch(_state.Find(request.Pid!)!, Now);
            if (!string.IsNullOrEmpty(request.BaseUrl) && !string.IsNullOrEmpty(request.PrivateToken))
            {
                _address = new RegisteredAddress(request.BaseUrl, request.PrivateToken);
            }

            return _state.MasterPid == request.Pid;
        }
    }

    public void SetStatus(string pid, string? part, string status)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            Worker worker = _state.Find(pid) ?? throw Unknown(pid, 400);
            Commit(_state.SetStatus(worker, part, status, Now));
            if (status == WorkerStatus.InProgress)
            {
                _state.Touch(worker, Now);
            }
        }
    }

    public void KeepAlive(string pid)
    {
        lock (_gate)
        {
            Worker worker = _state.Find(pid) ?? throw Unknown(pid, 404);
            Commit(_state.KeepAlive(worker, Now));
        }
    }

    /// <returns>True when this very cut is the one that is held.</returns>
    public bool Offer(TestResultCut cut)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            if (cut.Pid is not null && _state.Find(cut.Pid) is null)
            {
                throw Unknown(cut.Pid, 400);
            }

            Commit(_state.Offer(cut, Now));
            PublishReady();
            return _state.IsHeld(cut);
        }
    }

    /// <summary>Another service has taken the cut of a result of ours.</summary>
    public void HoldForeign(TestResultCut cut, long? index)
    {
        lock (_gate)
        {
            if (!_closed && _state.Held is null && _state.Phase == RunPhase.Running)
            {
                Commit([new RunEvent { Kind = RunEvents.Held, At = Now.Time, Pid = cut.Pid, Index = index, Cut = cut }]);
                PublishReady();
            }
        }
    }

    /// <summary>Another service has made a worker of ours the master.</summary>
    public void ForeignMaster(string pid)
    {
        lock (_gate)
        {
            if (!_closed && _state.MasterPid != pid)
            {
                Commit([new RunEvent { Kind = RunEvents.MasterElected, At = Now.Time, Pid = pid }]);
                TakeSlotForMaster();
            }
        }
    }

    public bool IsHeld(TestResultCut cut)
    {
        lock (_gate)
        {
            return _state.IsHeld(cut);
        }
    }

    public bool IsMaster(string pid)
    {
        lock (_gate)
        {
            return _state.MasterPid == pid;
        }
    }

    public string? HolderPid
    {
        get
        {
            lock (_gate)
            {
                return _state.Held?.Pid;
            }
        }
    }

    /// <summary>Pid and whether it is done, of all workers.</summary>
    public IReadOnlyList<(string Pid, bool IsDone)> WorkerStates
    {
        get
        {
            lock (_gate)
            {
                return _state.Workers.Select(worker => (worker.Pid, worker.IsDone)).ToList();
            }
        }
    }

    public bool IsPublished
    {
        get
        {
            lock (_gate)
            {
                return _state.Held is not null || _slot is { IsDecided: true };
            }
        }
    }

    public void Force()
    {
        lock (_gate)
        {
            _state.Force();
        }
    }

    /// <summary>
    /// Stores what a worker observed; returns once it is with the operating system. A worker of this invocation whose
    /// registration got lost with a killed server is known by its description.
    /// </summary>
    public void AcceptFrom(string pid, IReadOnlyList<ObservedResult> results)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            if (_state.Find(pid) is null)
            {
                WorkerDescription described = Describe(pid) ?? throw Unknown(pid, 400);
                Commit([new RunEvent { Kind = RunEvents.Registered, At = Now.Time, Pid = pid, Part = WorkerPart.Logger, Project = described.Project, TargetFramework = described.TargetFramework }]);
            }
        }

        Accept(pid, results);
    }

    private void Accept(string pid, IReadOnlyList<ObservedResult> results)
    {
        string? project;
        string targetFramework;
        lock (_gate)
        {
            ThrowIfClosed();
            Worker worker = _state.Find(pid) ?? throw Unknown(pid, 400);
            (project, targetFramework) = (worker.Project, worker.TargetFramework ?? "");
        }

        // Identity and JSON cost more than all the rest and need no lock.
        var lines = new ArrayBufferWriter<byte>(512 * Math.Max(1, results.Count));
        var prepared = new List<PreparedResult>(results.Count);
        Delivery delivery = Settings.Publish ? Delivery.Pending : Delivery.Sent;
        foreach (ObservedResult given in results)
        {
            ObservedResult result = CompleteResult.Of(given);
            int start = lines.WrittenCount;
            var head = new StoredLineHead { Worker = pid, Project = project, TargetFramework = targetFramework, AutoTestExternalId = TestIdentity.Of(result, Settings.ExternalId).ExternalId };
            StoredLine.Write(lines, head, result, delivery);
            prepared.Add(new PreparedResult(result.Sequence, result.TestCaseId, ResultStore.Classify(result.Outcome), start, lines.WrittenCount - start));
        }

        lock (_gate)
        {
            ThrowIfClosed();
            var accepted = new List<PreparedResult>(prepared.Count);
            int first = _store.Count;
            _store.Append(pid, targetFramework, lines.WrittenSpan, prepared, delivery, accepted);
            if (accepted.Count == 0)
            {
                return;
            }

            _reportIsOld = true;
            if (_state.Phase != RunPhase.Running)
            {
                Commit([new RunEvent { Kind = RunEvents.Reopened, At = Now.Time, Pid = pid }]);
            }

            for (int i = 0; i < accepted.Count && _state.AwaitsHeldResult; i++)
            {
                if (_state.IsAwaited(pid, accepted[i].TestCaseId))
                {
                    Commit([new RunEvent { Kind = RunEvents.HeldBound, At = Now.Time, Index = first + i }]);
                }
                else if (_state.Held is null && _state.MasterPid == pid)
                {
                    HoldBack(first + i);
                }
            }

            PublishReady();
        }
    }

    /// <summary>Lets time do its part. Called about twice a second and whenever something may have changed.</summary>
    public void Pass()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            Commit(_state.Pass(part => _host.Processes.BirthOf(part.ProcessId!.Value) == part.ProcessBirth, Now));
            PublishReady();
            if (_reportIsOld && !(Now.Uptime - _reportedAt < TimeSpan.FromSeconds(1)))
            {
                WriteReport();
            }
        }
    }

    /// <param name="leases">See <see cref="RunState.IsOver"/>.</param>
    public bool IsOver(bool? leases)
    {
        lock (_gate)
        {
            return !_finishing && _failedEnds < MostEnds && _state.IsOver(leases, Now);
        }
    }

    public bool AllDone
    {
        get
        {
            lock (_gate)
            {
                return _state.AllDone;
            }
        }
    }

    /// <summary>A worker that ended without saying so.</summary>
    public bool HasLostWorkers
    {
        get
        {
            lock (_gate)
            {
                return _state.Workers.Any(worker => worker.Status == WorkerStatus.Lost);
            }
        }
    }

    public bool HasUndoneOwnWorkers
    {
        get
        {
            lock (_gate)
            {
                return _state.Workers.Any(worker => worker is { IsOwn: true, IsDone: false });
            }
        }
    }

    /// <summary>
    /// Ends the run: takes in what guests spooled, delivers what is left, gives the held result its final status, writes the
    /// final report. Workers that have not completed are lost.
    /// </summary>
    public async Task FinishAsync(bool interrupted, CancellationToken deadline)
    {
        try
        {
            await FinishOnceAsync(interrupted, deadline).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // A full disk, say. The journal still has what was handed over, and whoever starts next closes the run.
            lock (_gate)
            {
                _finishing = false;
                _failedEnds++;
            }

            Log($"The run could not be ended (attempt {_failedEnds} of {MostEnds}): {e}");
        }
    }

    private async Task FinishOnceAsync(bool interrupted, CancellationToken deadline)
    {
        HeldResult? held;
        lock (_gate)
        {
            if (_closed || _finishing || _state.Phase != RunPhase.Running)
            {
                return;
            }

            _finishing = true;
            TryImportSpool();
            Commit(_state.GiveUp(Now));
            HoldSomethingBack();
            PublishReady();
            held = _state.Held;
        }

        bool finalized = await TryDeliverAsync(held, deadline).ConfigureAwait(false);
        lock (_gate)
        {
            if (finalized && _state.Held is { Finalized: false })
            {
                Commit([new RunEvent { Kind = RunEvents.HeldFinalized, At = Now.Time }]);
            }

            Close(interrupted);
            _finishing = false;
            ReopenIfNeeded();
        }
    }

    /// <summary>Sends what an earlier end of the run left spooled.</summary>
    /// <param name="send">Does it; true when nothing is left.</param>
    /// <returns>True when nothing is left.</returns>
    public async Task<bool> ResendAsync(Func<SpooledRun, IDeliveryLog, Task<bool>> send)
    {
        SpooledRun left;
        lock (_gate)
        {
            if (!_store.HasUndelivered)
            {
                return true;
            }

            left = DescribeLeft();
            Log($"{left.Spooled.Count} results of run {TestRunId} are sent again.");
        }

        bool done = await send(left, this).ConfigureAwait(false);
        lock (_gate)
        {
            if (done && left.Cut is not null)
            {
                Commit([new RunEvent { Kind = RunEvents.HeldFinalized, At = Now.Time }]);
            }

            _store.Settle();
            WriteReport();
            return done && !_store.HasUndelivered;
        }
    }

    private SpooledRun DescribeLeft()
    {
        var spooled = new List<StoredResult>();
        var delivered = new List<StoredResult>();
        for (long i = 0; i < _store.Count; i++)
        {
            switch (_store.DeliveryOf(i))
            {
                case Delivery.Sent:
                    delivered.Add(_store[i]);
                    break;
                case Delivery.Spooled or Delivery.Pending:
                    spooled.Add(_store[i]);
                    break;
            }
        }

        HeldResult? held = _state.LastHeld;
        string? testRunId = Settings.AdapterMode == 2 ? _createdTestRunId : Settings.TestRunId;
        return new SpooledRun(testRunId, spooled, delivered, held?.Index, held is { Finalized: false } ? held.Cut : null);
    }

    /// <summary>No more requests: what comes now is refused, so that guests spool it.</summary>
    public void RefuseRequests()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    /// <summary>Goes on where a dead server stopped: takes in what was spooled, and gives the publisher what it has not delivered.</summary>
    public void TakeSpooled()
    {
        lock (_gate)
        {
            TryImportSpool();
            PublishReady();
        }
    }

    /// <summary>A spool file that cannot be taken in stays where it is; the run ends nevertheless.</summary>
    private void TryImportSpool()
    {
        try
        {
            ImportSpool();
        }
        catch (Exception e)
        {
            Log($"SYNC0015: Spooled results could not be taken in, they stay in {_folder.SpoolDirectory}: {e}");
        }
    }

    /// <summary>Takes in what guests left beside the server while it did not answer.</summary>
    private void ImportSpool()
    {
        foreach (SpooledBatch spooled in SpoolImport.Read(_folder, message => Log(message)))
        {
            foreach (ResultBatch batch in spooled.Batches)
            {
                if (_state.Find(batch.Pid) is null)
                {
                    WorkerDescription? described = Describe(batch.Pid);
                    Commit([
                        new RunEvent { Kind = RunEvents.Registered, At = Now.Time, Pid = batch.Pid, Part = WorkerPart.Logger, Project = described?.Project, TargetFramework = described?.TargetFramework },
                        new RunEvent { Kind = RunEvents.StatusSet, At = Now.Time, Pid = batch.Pid, Part = WorkerPart.Logger, Status = WorkerStatus.Completed },
                    ]);
                }

                Accept(batch.Pid, batch.Results);
            }

            spooled.Remove();
        }
    }

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
                },
                Notices = _notices.ToArray(),
            };
        }
    }

    public void Posting(ReadOnlySpan<long> indices)
    {
        long[] posted = indices.ToArray();
        lock (_gate)
        {
            Commit([new RunEvent { Kind = RunEvents.Posting, At = Now.Time, Indices = posted }]);
        }
    }

    public void Delivered(long index, Delivery delivery, string? reason = null)
    {
        lock (_gate)
        {
            Commit([new RunEvent { Kind = RunEvents.Delivered, At = Now.Time, Index = index, Delivery = StoredLine.NameOf(delivery), Reason = reason }]);
        }
    }

    public void RunCreated(string testRunId)
    {
        lock (_gate)
        {
            Commit([new RunEvent { Kind = RunEvents.RunCreated, At = Now.Time, TestRunId = testRunId, TestRunUrl = _publisher?.TestRunUrl }]);
        }
    }

    public void Notice(string? code, string message)
    {
        Log(code is null ? message : $"{code}: {message}");
        if (code is not null)
        {
            Notice($"{code}: {message}");
        }
    }

    /// <summary>For the report only.</summary>
    public void Notice(string text)
    {
        lock (_gate)
        {
            if (!_closed && !_notices.Contains(text))
            {
                Commit([new RunEvent { Kind = RunEvents.Notice, At = Now.Time, Text = text }]);
            }
        }
    }

    public ValueTask<ObservedResult> ReadAsync(long index, CancellationToken cancellation)
    {
        (long Offset, int Length) place;
        lock (_gate)
        {
            place = _store.Locate(index);
        }

        return ValueTask.FromResult(_store.Read(place));
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            _journal.Dispose();
            _store.Dispose();
            _host.Log.Close(_folder);
        }
    }

    private Moment Now => _host.Clock.Now;

    private static Refusal Unknown(string pid, int status) => new(status, $"Worker '{pid}' is not registered.");

    private static RegisterRequest WithoutProcess(RegisterRequest request) => new()
    {
        Pid = request.Pid,
        TestRunId = request.TestRunId,
        Project = request.Project,
        TargetFramework = request.TargetFramework,
        Part = request.Part,
    };

    private void Log(string message) => _host.Log.Write(_folder, message);

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw Refusal.Conflict($"Run '{TestRunId}' is closed: the server is stopping.");
        }
    }

    /// <summary>What an earlier process of the server knew.</summary>
    private RunSettings? Recall()
    {
        RunSettings? settings = null;
        foreach (RunEvent e in _journal.ReadAll())
        {
            settings = e.Settings ?? settings;
            Apply(e);
        }

        if (_state.Phase != RunPhase.Running)
        {
            _over.TrySetResult();
        }

        if (settings is not null)
        {
            Log($"Run {TestRunId} read back: {_state.Workers.Count} workers, {_store.Count} results.");
        }

        return settings;
    }

    private void Commit(IEnumerable<RunEvent> decided)
    {
        List<RunEvent> events = decided.ToList();
        if (events.Count == 0)
        {
            return;
        }

        _journal.Append(events);
        foreach (RunEvent e in events)
        {
            Apply(e);
            Explain(e);
        }
    }

    private void Apply(RunEvent e)
    {
        _reportIsOld = true;
        switch (e.Kind)
        {
            case RunEvents.Opened:
                OpenedBy = e.Session;
                break;
            case RunEvents.Posting:
                foreach (long index in e.Indices ?? [])
                {
                    if (index < _store.Count && _store.DeliveryOf(index) == Delivery.Pending)
                    {
                        _store.SetUnclear(index);
                    }
                }

                break;
            case RunEvents.Delivered when e.Index < _store.Count:
                _store.SetDelivery(e.Index.Value, StoredLine.ParseDelivery(e.Delivery));
                break;
            case RunEvents.RunCreated:
                _createdTestRunId = e.TestRunId;
                _testRunUrl = e.TestRunUrl ?? _testRunUrl;
                break;
            case RunEvents.Notice:
                _notices.Add(e.Text!);
                break;
            case RunEvents.Reopened:
                _toPublish = 0;
                _heldPublished = _othersReleased = false;
                _over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                break;
            case RunEvents.HeldReleased:
                _heldPublished = false;
                break;
        }

        _state.Apply(e, Now);
    }

    /// <summary>What MSBuild left about a worker. Pids come from outside: only a plain file name is looked up.</summary>
    private WorkerDescription? Describe(string pid)
        => _host.Session is not null && RunFolder.NameOf(pid) == pid ? Session.At(_host.Session).ReadWorker(pid) : null;

    /// <summary>The turning points, for people.</summary>
    private void Explain(RunEvent e)
    {
        switch (e.Kind)
        {
            case RunEvents.Registered:
                Log($"Worker {e.Pid}{(e.Part is null ? "" : " (" + e.Part + ")")} registered{(e.Project is null ? "" : $" for {e.Project} {e.TargetFramework}")}.");
                break;
            case RunEvents.Lost:
                Log($"Worker {e.Pid}{(e.Part is "" or null ? "" : " (" + e.Part + ")")} is lost.");
                break;
            case RunEvents.MasterElected:
                Log($"Worker {e.Pid} is master.");
                break;
            case RunEvents.Held:
                Log($"Held back: {e.Cut!.AutoTestExternalId} ({e.Cut.StatusType}){(e.Pid is null ? "" : " of worker " + e.Pid)}.");
                break;
            case RunEvents.HeldReleased:
                Log($"The held-back result of worker {e.Pid} did not come; the slot is free again.");
                break;
            case RunEvents.HeldFinalized:
                Log("The held-back result is final.");
                break;
            case RunEvents.Reopened:
                Log($"Run {TestRunId} opened again.");
                break;
            case RunEvents.Completed or RunEvents.Interrupted:
                ResultCounts counts = _store.Counts;
                Log($"Run {TestRunId} {e.Kind}: {counts.Observed} results observed, {counts.Sent} sent, {counts.Spooled} spooled, {counts.Rejected} rejected.");
                break;
        }
    }

    /// <summary>A result takes the slot by itself, because no collector has offered it.</summary>
    private void HoldBack(long index)
    {
        if (_slot is not null)
        {
            if (!_slot.IsOffered)
            {
                _slot.Offer(CutOf(index), index);
            }

            return;
        }

        Commit([new RunEvent { Kind = RunEvents.Held, At = Now.Time, Pid = _store[index].WorkerPid, Index = index, Cut = CutOf(index) }]);
    }

    private TestResultCut CutOf(long index)
        => ResultCut.Of(_store.Read(_store.Locate(index)), _store[index].WorkerPid, Settings);

    /// <summary>
    /// At the end of the run a result has to hold it open while the others are posted, else Test IT closes the run after the
    /// first batch. When the master observed none, anybody's first does.
    /// </summary>
    private void HoldSomethingBack()
    {
        if (_state.Held is { Index: null, Pid: not null } && _state.AwaitsHeldResult)
        {
            Commit([new RunEvent { Kind = RunEvents.HeldReleased, At = Now.Time, Pid = _state.Held.Pid }]);
        }

        if (_state.Held is null && _slot is null && FirstUnpublished() is long index)
        {
            if (_state.MasterPid != _store[index].WorkerPid)
            {
                Commit([new RunEvent { Kind = RunEvents.MasterElected, At = Now.Time, Pid = _store[index].WorkerPid }]);
            }

            HoldBack(index);
        }
    }

    private long? FirstUnpublished()
    {
        for (long i = _toPublish; i < _store.Count; i++)
        {
            if (!Settings.Publish || _store.DeliveryOf(i) is Delivery.Pending or Delivery.Spooled)
            {
                return i;
            }
        }

        return null;
    }

    /// <summary>Gives the publisher what it may have by now: the held result first, then everything in order.</summary>
    private void PublishReady()
    {
        TakeSlotForMaster();
        bool othersWait = _slot is null || _state.Held is not null ? _state.AwaitsHeldResult : !_slot.IsDecided;
        if (!Settings.Publish || _state.Workers.Count == 0 || _state.Phase != RunPhase.Running)
        {
            return;
        }

        // Early, so that the run's address is known before the first result is.
        _publisher ??= CreatePublisher();
        if (_store.Count == 0 || (othersWait && !_finishing))
        {
            return;
        }

        long? held = _state.Held?.Index;
        if (held is long index && !_heldPublished && _store.DeliveryOf(index) is Delivery.Pending or Delivery.Spooled)
        {
            _heldPublished = true;
            _publisher.Publish(_store[index], held: true);
        }
        else if (!_heldPublished && !_othersReleased)
        {
            _othersReleased = true;
            _publisher.ReleaseOthers();
        }

        for (; _toPublish < _store.Count; _toPublish++)
        {
            if (_toPublish != held && _store.DeliveryOf(_toPublish) is Delivery.Pending or Delivery.Spooled)
            {
                _publisher.Publish(_store[_toPublish], held: false);
            }
        }
    }

    private IResultPublisher CreatePublisher()
    {
        IResultPublisher publisher = _host.CreatePublisher(Settings, this, _createdTestRunId);
        for (long i = 0; i < _store.Count; i++)
        {
            if (_store.DeliveryOf(i) == Delivery.Sent)
            {
                publisher.Restore(_store[i]);
            }
        }

        return publisher;
    }

    /// <summary>A new master may have handed results over before it became one.</summary>
    private void TakeSlotForMaster()
    {
        if (_state.Held is not null || _state.MasterPid is null || _state.Phase != RunPhase.Running || _slot is { IsOffered: true })
        {
            return;
        }

        for (long i = _searchedForMaster == _state.MasterPid ? _searchedUpTo : _toPublish; i < _store.Count; i++)
        {
            if (_store[i].WorkerPid == _state.MasterPid && (!Settings.Publish || _store.DeliveryOf(i) is Delivery.Pending or Delivery.Spooled))
            {
                HoldBack(i);
                return;
            }
        }

        _searchedForMaster = _state.MasterPid;
        _searchedUpTo = _store.Count;
    }

    // So that the search above looks at every result once, however long the master takes for its first test.
    private string? _searchedForMaster;
    private long _searchedUpTo;

    /// <summary>Neither a publisher nor another service may keep the run from ending.</summary>
    private async Task<bool> TryDeliverAsync(HeldResult? held, CancellationToken deadline)
    {
        try
        {
            return await DeliverAsync(held, deadline).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Notice("SYNC0010", $"Delivering the results failed: {e.Message}");
            return false;
        }
    }

    private async Task<bool> DeliverAsync(HeldResult? held, CancellationToken deadline)
    {
        if (_slot is not null)
        {
            // The service that took the cut gives it its final status. It may do so as soon as it hears that all workers are
            // done, and Test IT may then close the run: so everything else is delivered first.
            bool delivered = _publisher is null || await _publisher.CompleteAsync(null, deadline).ConfigureAwait(false);
            return await _slot.FinishAsync(deadline).ConfigureAwait(false) && delivered;
        }

        bool ours = held?.Index is not null;
        bool finalized = _publisher is null || await _publisher.CompleteAsync(ours ? held!.Cut : null, deadline).ConfigureAwait(false);
        if (held is null || ours)
        {
            return held is not null && finalized;
        }

        // An official client wrote its result itself and only left the cut here.
        return await _host.FinalizeOfficial(Settings, _address, held.Cut, deadline).ConfigureAwait(false);
    }

    private void Close(bool interrupted)
    {
        _store.Settle();
        Commit([RunState.End(interrupted, Now)]);
        WriteReport();
        _over.TrySetResult();
        if (_publisher is { } publisher)
        {
            (_createdTestRunId, _testRunUrl) = (publisher.TestRunId ?? _createdTestRunId, publisher.TestRunUrl ?? _testRunUrl);
            _publisher = null;
            _ = DisposeAsync(publisher);
        }
    }

    private async Task DisposeAsync(IResultPublisher publisher)
    {
        try
        {
            await publisher.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Log($"Closing the connection to Test IT failed: {e.Message}");
        }
    }

    /// <summary>Somebody came while the run was being closed.</summary>
    private void ReopenIfNeeded()
    {
        if (!_closed && (!_state.AllDone || (Settings.Publish && _toPublish < _store.Count)))
        {
            Commit([new RunEvent { Kind = RunEvents.Reopened, At = Now.Time }]);
        }
    }

    private void WriteReport()
    {
        try
        {
            AtomicFile.Write(_folder.ReportPath, ReadableJson.Write(Describe(), ReportJson.Default.Report, indented: true), ownerOnly: false);
            _reportIsOld = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log($"SYNC0004: {_folder.ReportPath} cannot be written: {e.Message}");
        }

        _reportedAt = Now.Uptime;
    }
}

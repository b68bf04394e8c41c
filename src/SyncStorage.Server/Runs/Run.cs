using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Runs;

/// <summary>
/// A run as it lives: the rules (<see cref="RunState"/>), what they have decided (the journal), the results and where they
/// go. One lock around all of it, never held across the network; what it answers has been journaled before.
/// </summary>
internal sealed partial class Run : IDeliveryLog, IDisposable
{
    /// <summary>The oldest that the report is while the run goes on.</summary>
    private static readonly TimeSpan ReportAge = TimeSpan.FromSeconds(1);

    /// <summary>The run's lock is held while somebody keeps the report from being replaced; the next one is due soon.</summary>
    private static readonly TimeSpan ReportPatience = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan AwaitedReportAge = TimeSpan.FromMilliseconds(250);

    private readonly object _gate = new();
    private readonly RunHost _host;
    private readonly RunFolder _folder;
    private readonly Journal _journal;
    private readonly ResultStore _store;
    private readonly RunState _state;
    private readonly IForeignSlot? _slot;
    private readonly List<Diagnostic> _notices = [];
    private readonly Dictionary<string, WitnessedTests> _witnessed = new(StringComparer.Ordinal);
    private readonly HashSet<ProcessIdentity> _ended = [];
    private TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IResultPublisher? _publisher;
    private RegisteredAddress? _address;
    private string? _createdTestRunId;
    private string? _testRunUrl;
    private bool _finishing;
    private bool _closed;
    private bool _reportIsOld;

    /// <summary>The report names a worker whose results are on their way: somebody may be waiting for the next report.</summary>
    private bool _awaitsSettling;
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
        bool isPrivate = OwnerOnly.CreateDirectory(folder.Path);
        _journal = new Journal(folder.JournalPath);
        try
        {
            _store = new ResultStore(folder.ResultsPath);
            RunSettings? recalled = Recall();
            // A stand-alone server goes by its own command line and environment, whatever an earlier one was told.
            bool isMine = recalled is not null && host.Session is not null && OpenedBy == host.Session;
            Settings = recalled is null || (adopt && !isMine) ? host.SettingsOf(testRunId) : recalled;
            if (recalled is null || (adopt && !isMine))
            {
                Commit([new RunEvent { Kind = RunEvents.Opened, At = host.Clock.Now.Time, Version = Journal.Version, TestRunId = testRunId, Session = host.Session, Settings = Settings }]);
                Log($"Run {testRunId} opened; {(Settings.Publish ? "results go to " + Settings.Url : "results stay in the local report")}.");
            }

            if (!isPrivate)
            {
                Tell($"{folder.Path} cannot be made private to its owner, because its file system does not change modes; other users of this machine may be able to read the names and messages of tests there.");
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

    /// <summary>Done when the run is over; a new one when it is opened again.</summary>
    public Task Over => Look(() => _over.Task);

    /// <returns>True when the worker is the master.</returns>
    public bool Register(RegisterRequest request)
    {
        ProcessIdentity? process = request.ProcessId is int id ? _host.Processes.Find(id) : null;
        lock (_gate)
        {
            ThrowIfClosed();
            ThrowIfFull(request.Pid!, request.Part);
            Commit(_state.Register(request, process, Now));
            _state.Workers.Touch(_state.Find(request.Pid!)!, Now);
            var address = new RegisteredAddress(request.BaseUrl, request.PrivateToken);
            // Never one worker's token for another one's address: a pair counts as it was given, half a one only while there is no other.
            _address = address.IsComplete ? address : _address ?? address;
            if (address is { IsComplete: true, BaseUrl: { } named } && _namedAddress != named)
            {
                Commit([new RunEvent { Kind = RunEvents.AddressNamed, At = Now.Time, BaseUrl = named }]);
            }

            return _state.MasterPid == request.Pid;
        }
    }

    /// <summary>A worker of ours writes that it takes part.</summary>
    /// <param name="request">What it says.</param>
    /// <param name="birth">Of its process, where it knows: by now the process may have ended, and another may have its id.</param>
    /// <param name="origin">Its project.</param>
    /// <returns>Whether the worker is the master; null when all of that is known already, as after a restart of the server.</returns>
    public bool? RegisterByMail(RegisterRequest request, string? birth, WorkerProject origin)
    {
        ProcessIdentity? process = request.ProcessId is not int id ? null : birth is null ? _host.Processes.Find(id) : new ProcessIdentity(id, birth);
        lock (_gate)
        {
            ThrowIfClosed();
            Worker? known = _state.Find(request.Pid!);
            if (known is not null)
            {
                known.Origin = origin;
            }

            if (known?.Find(request.Part ?? "") is { } part && (process is null || part.Process == process))
            {
                return null;
            }

            Commit(_state.Register(request, process, Now));
            _state.Find(request.Pid!)!.Origin = origin;
            return _state.MasterPid == request.Pid;
        }
    }

    /// <summary>All parts of the worker have completed or are lost.</summary>
    public bool HasEnded(string pid) => Look(() => _state.Find(pid) is { IsDone: true });

    public void SetStatus(string pid, string? part, string status)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            Worker worker = _state.Find(pid) ?? throw Unknown(pid, 400);
            ThrowIfFull(pid, part);
            Commit(_state.SetStatus(worker, part, status, Now));
            if (worker.IsDone && !_awaitsSettling)
            {
                _awaitsSettling = true;
                _publisher?.Hurry(true);
            }

            if (status == WorkerStatus.InProgress)
            {
                _state.Workers.Touch(worker, Now);
            }
        }
    }

    public void KeepAlive(string pid)
    {
        lock (_gate)
        {
            Worker worker = _state.Find(pid) ?? throw Unknown(pid, 404);
            Commit(_state.KeepAlive(worker, Now));
            _state.Workers.TouchByPing(worker, Now);
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
            return _state.Slot.Holds(cut);
        }
    }

    /// <summary>Another service has taken the cut of a result of ours.</summary>
    public void HoldForeign(TestResultCut cut, long? index)
    {
        lock (_gate)
        {
            if (!_closed && _state.Held is null && _state.Phase == RunPhase.Running)
            {
                Commit([new RunEvent { Kind = RunEvents.Held, At = Now.Time, Pid = cut.Pid, Index = index ?? (cut == _offered ? _offeredIndex : null), Cut = cut }]);
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

    /// <summary>Somebody who is no worker of the run waits for its completion, until what is returned is disposed.</summary>
    public IDisposable Await()
    {
        lock (_gate)
        {
            _state.Waiting++;
        }

        return new Awaiting(this);
    }

    /// <summary>Ends the run although not all workers are done.</summary>
    /// <param name="underOthers">False: only if nobody but the master takes part any more.</param>
    /// <returns>Whether it ends.</returns>
    public bool TryForce(bool underOthers)
    {
        lock (_gate)
        {
            bool may = underOthers || !_state.HasOthersAtWork(Now);
            if (may)
            {
                _state.Force();
            }

            return may;
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

            Commit(_state.Pass(IsAlive, Now));
            PublishReady();
            if ((_awaitsSettling || _reportIsOld) && !(Now.Uptime - _reportedAt < (_awaitsSettling ? AwaitedReportAge : ReportAge)))
            {
                WriteReport();
            }
        }
    }

    /// <summary>
    /// A process that has ended counts as alive once more: between two passes its mail is read, and its last word may be in there.
    /// </summary>
    private bool IsAlive(Part part)
    {
        ProcessIdentity process = part.Process!;
        return _host.Processes.Find(process.Id) == process || _ended.Add(process);
    }

    /// <param name="leases">See <see cref="RunState.IsOver"/>.</param>
    public bool IsOver(bool? leases) => Look(() => !_finishing && _failedEnds < MostEnds && _state.IsOver(leases, Now));

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

    private sealed class Awaiting(Run run) : IDisposable
    {
        public void Dispose()
        {
            lock (run._gate)
            {
                run._state.Waiting--;
            }
        }
    }

    private Moment Now => _host.Clock.Now;

    private static Refusal Unknown(string pid, int status) => new(status, $"Worker '{pid}' is not registered.");

    private void ThrowIfFull(string pid, string? part)
    {
        Worker? known = _state.Find(pid);
        if (known is null && _state.Workers.Count >= RunState.MostWorkers)
        {
            throw Refusal.TooMany($"Run '{TestRunId}' has {RunState.MostWorkers} workers; it takes no more.");
        }

        if (known?.Parts.Count >= RunState.MostParts && known.Find(part ?? "") is null)
        {
            throw Refusal.TooMany($"Worker '{pid}' has {RunState.MostParts} parts; it takes no more.");
        }
    }

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw Refusal.Conflict($"Run '{TestRunId}' is closed: the server is stopping.");
        }
    }
}

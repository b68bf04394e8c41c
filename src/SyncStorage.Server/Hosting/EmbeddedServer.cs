using System.Security.Cryptography;
using System.Text.Json;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Mail;
using SyncStorage.Server.Participation;
using SyncStorage.Server.Planning;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// The server of one invocation of <c>dotnet test</c>. Lives while somebody holds a lease in the session, then ends the runs and
/// itself; a new one that is started in its place goes on from the journals.
/// </summary>
internal sealed class EmbeddedServer : IDisposable
{
    /// <summary>After the invocation was killed, delivery gets what is left of the 15 s in which all has to be gone.</summary>
    private static readonly TimeSpan InterruptedDelivery = TimeSpan.FromSeconds(4);

    /// <summary>Even if the time is used up: Test IT may have come back.</summary>
    private static readonly TimeSpan LastDelivery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How far the server may be behind what extensions write.</summary>
    private static readonly TimeSpan MailPause = TimeSpan.FromMilliseconds(50);

    private readonly ServerOptions _options;
    private readonly Session _session;
    private readonly TimeProvider _time;
    private readonly ServerLog _log;
    private readonly RunHost _host;
    private readonly RunBook _runs;
    private readonly Guests _guests;
    private readonly Alarm _alarm = new();
    private readonly EndOfInvocation _end;
    private readonly Invocations _invocations;
    private readonly MailRoom _mail;
    private readonly Plans _plans;
    private readonly Backlog _backlog;
    private readonly RunFolders _folders;
    private readonly Dictionary<Run, Ending> _ending = [];
    private readonly string _secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));

    public EmbeddedServer(ServerOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _session = Session.At(options.Session!);
        _log = new ServerLog(time);
        _end = new EndOfInvocation(options.CompletionTimeout);
        var official = new OfficialResults(null, null, new TestItTiming(), time);
        _host = new RunHost
        {
            Clock = new Clock(time),
            Log = _log,
            Processes = new OperatingSystemProcesses(),
            Directory = options.Directory,
            Session = _session.Identity,
            Knows = id => _session.ReadRun(id) is not null,
            SettingsOf = id => _session.ReadRun(id) ?? new RunSettings { TestRunId = id, TestRunIdGiven = true },
            CreatePublisher = (settings, run, knownTestRunId) => Publishers.Create(settings, run, time, knownTestRunId),
            FinalizeOfficial = official.FinalizeAsync,
        };
        _plans = new Plans(_session, options.CompletionTimeout, _log, _alarm.Ring, time);
        _runs = new RunBook(_host, options.TestRunId);
        _runs.Changed += _alarm.Ring;
        _guests = new Guests(_host, _session, _alarm.Ring);
        _folders = new RunFolders(_host, _runs);
        _invocations = new Invocations(_session, _host.Processes);
        _mail = new MailRoom(_session, _runs, options.Settings is null ? null : options.TestRunId, _log);
        _backlog = new Backlog(options.Directory, _log, time, _alarm.Ring);
    }

    public async Task<int> RunAsync()
    {
        using var stop = new Stop(obeyTerminal: false, _alarm.Ring);
        using var leases = new SessionWatch(_session, _alarm.Ring, _log);
        Directory.CreateDirectory(_options.Directory);

        using var heartbeat = new Heartbeat(_session.HeartbeatPath);
        var port = new PortChoice(_options);
        await port.ChooseAsync().ConfigureAwait(false);

        using ListeningSockets sockets = port.Sockets!;
        string url = $"http://127.0.0.1:{sockets.Port}";
        await using CoordinatorChoice coordinator = await CoordinatorChoice.MakeAsync(_options, port, FirstRun(), _log, _time).ConfigureAwait(false);
        _runs.Coordinator = coordinator.Coordinator;
        _runs.StartNotices = [.. port.Notices, .. coordinator.Notices];

        var guard = new RequestGuard(null, _secret);
        using var endpoints = new Endpoints(_runs, _guests.Runs, guard, new RequestRate(_time), () => Health.Of(_runs, _session.Directory, _time), stop.Request, _log);
        await using HttpServer http = await HttpServer.StartAsync(sockets, endpoints.HandleAsync).ConfigureAwait(false);
        Announce(url, [.. _runs.StartNotices]);

        Task tidied = Background.Run(TidyAsync, _log);
        await ServeAsync(stop, tidied).ConfigureAwait(false);
        return 0;
    }

    private async Task TidyAsync()
    {
        // Opened before a worker comes: also a build that fails before its tests leaves a report.
        if (_options.TestRunId is not null)
        {
            _runs.Open(_options.TestRunId);
        }

        if (!SessionLock.AreKept(_session.Directory))
        {
            _log.Write("The file system of the temporary folder keeps no locks: who holds a lease is told by its process.");
        }

        await _folders.TidyAsync(CancellationToken.None).ConfigureAwait(false);
        StaleSessions.Remove(_session, _time, _log);
    }

    private RunSettings? FirstRun() => _options.TestRunId is null ? null : _session.ReadRun(_options.TestRunId);

    public void Dispose()
    {
        _mail.Dispose();
        _runs.Dispose();
        _guests.Dispose();
        _backlog.Dispose();
        _alarm.Dispose();
        _log.Dispose();
    }

    private void Announce(string url, Diagnostic[] notices)
    {
        var state = new ServerState { ProcessId = Environment.ProcessId, ProcessBirth = ProcessIdentity.Self.Birth, Url = url, Secret = _secret, Directory = _options.Directory, Notices = notices };
        AtomicFile.Write(_session.ServerStatePath, JsonSerializer.SerializeToUtf8Bytes(state, WireJsonOut.Default.ServerState), ownerOnly: true);
        _log.Write($"Sync Storage listens on {state.Url}, process {state.ProcessId}.");
        foreach (Diagnostic notice in notices)
        {
            _log.Write(notice.ToString());
        }
    }

    private async Task ServeAsync(Stop stop, Task tidied)
    {
        while (true)
        {
            _invocations.Observe();
            _end.Observe(_invocations.AnyActive, stop.IsRequested || _invocations.AreKilled, _host.Clock.Now);
            // After the look at the leases: who has given his back has written all that he ever will.
            await _mail.PollAsync().ConfigureAwait(false);
            EndRuns(stop.SawInterrupt);
            Background.Try(_plans.Tend, _log);
            TendBacklog(tidied);

            _guests.Tend(_end.HasBegun);
            // Runs that a killed server left are found by the tidying: nothing ends before it is through.
            bool ended = tidied.IsCompleted && _ending.Count == 0 && _runs.All.All(run => !run.IsRunning) && _backlog.IsIdle && _guests.AreSeenOff;
            if (_end.HasBegun && (ended || _end.IsOverdue(_host.Clock.Now)) && await SignOffAsync().ConfigureAwait(false))
            {
                return;
            }

            await RestAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Reads the mail as it comes, until there is something else to do.</summary>
    private async Task RestAsync()
    {
        long start = _time.GetTimestamp();
        while (!await _alarm.WaitAsync(MailPause).ConfigureAwait(false) && !await _mail.PollAsync().ConfigureAwait(false) && _time.GetElapsedTime(start) < Alarm.Tick)
        {
        }
    }

    private void TendBacklog(Task tidied)
    {
        if (tidied.IsCompleted && !_end.IsInterrupted)
        {
            _backlog.Tend(_runs.All);
        }

        if (_end.HasBegun)
        {
            _backlog.Limit(_end.IsInterrupted ? InterruptedDelivery : _options.CompletionTimeout);
        }
    }

    private void EndRuns(bool sawInterrupt)
    {
        foreach (Ending ended in _ending.Values.Where(ending => ending.Finished.IsCompleted).ToList())
        {
            ended.Dispose();
            _ending.Remove(ended.Run);
        }

        foreach (Run run in _runs.All)
        {
            Background.Try(run.Pass, _log);
            if (_ending.TryGetValue(run, out Ending? ending))
            {
                // Killed while it was delivering: what is not delivered shortly stays spooled.
                ending.Hurry(_end.IsInterrupted);
                continue;
            }

            RunEnd end = _end.Decide(run, _host.Clock.Now);
            if (end != RunEnd.None)
            {
                // Ctrl+C lets the build end in good order, but its workers were broken off.
                bool interrupted = end == RunEnd.Interrupt || (sawInterrupt && run.HasLostWorkers);
                _ending[run] = new Ending(run, interrupted, _end.IsInterrupted ? InterruptedDelivery : DeliveryPatience, this);
            }
        }
    }

    /// <summary>
    /// Waiting for a silent Test IT costs an invocation SyncStorageCompletionTimeout once, the plan of adapter mode 0 and what
    /// SyncStorageFailOnError has waited in vain included.
    /// </summary>
    private TimeSpan DeliveryPatience
        => TimeSpan.FromTicks(Math.Max((_options.CompletionTimeout - _plans.Wasted - _session.ReadWaitedInVain()).Ticks, LastDelivery.Ticks));

    /// <summary>A run on its way out.</summary>
    private sealed class Ending : IDisposable
    {
        private readonly CancellationTokenSource _deadline;
        private bool _hurried;

        public Ending(Run run, bool interrupted, TimeSpan patience, EmbeddedServer server)
        {
            Run = run;
            _hurried = patience <= InterruptedDelivery;
            _deadline = new CancellationTokenSource(patience, server._time);
            Finished = Background.Run(() => run.FinishAsync(interrupted, _deadline.Token), server._log)
                .ContinueWith(_ => server._alarm.Ring(), TaskScheduler.Default);
        }

        public Run Run { get; }
        public Task Finished { get; }

        public void Hurry(bool interrupted)
        {
            if (interrupted && !_hurried)
            {
                _hurried = true;
                _deadline.CancelAfter(InterruptedDelivery);
            }
        }

        public void Dispose() => _deadline.Dispose();
    }

    private bool IsNeeded()
    {
        _invocations.Observe();
        return !_end.IsInterrupted && _invocations.AnyActive;
    }

    /// <summary>Under the session's lock, so that whoever comes now either finds this server or starts another, never a dying one.</summary>
    /// <returns>False when somebody has come in the meantime.</returns>
    private async Task<bool> SignOffAsync()
    {
        if (!Directory.Exists(_session.Directory))
        {
            // Somebody emptied the temporary folder: nobody can find this server any more, nor start another in its place.
            return true;
        }

        using (await _session.LockAsync(LockTimeout).ConfigureAwait(false))
        {
            if (IsNeeded())
            {
                return false;
            }

            _mail.Remove();
            // Other invocations may have found the old folders as well; theirs is it then.
            if (!_session.AnyOther())
            {
                await _folders.RemoveAsync().ConfigureAwait(false);
            }

            // That took its time, in which another call of the run may have come: it goes on in this server, and the first one waits for both.
            if (IsNeeded())
            {
                return false;
            }

            _runs.Close();
            if (_options.Settings is not null)
            {
                HandWritten.Say(_session, _runs.All.Select(run => ReportSummary.Of(run.Folder)).OfType<string>());
            }

            _guests.Dispose();
            _session.RemoveServer();
            _log.Write("Sync Storage has ended.");
            return true;
        }
    }
}

using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Sessions;

namespace SyncStorage.Collector;

/// <summary>
/// The collector's half of a worker: registers, offers the master's first finished test to the run's slot, keeps the worker
/// alive, says when the session has ended. Knows no VSTest.
/// </summary>
internal sealed class CollectorWorker : IDisposable
{
    /// <summary>Said once, by whoever gives up first.</summary>
    public const string NotReached = "SYNC0003: Sync Storage could not be reached; the tests run without their collector";

    private const int NotFound = 404;

    // A slot that refuses so often will not take the next one either.
    private const int MostOffers = 3;

    private readonly GuestSession _guest;
    private readonly GuestWarnings _warnings;
    private readonly CollectorTimings _timings;
    private readonly GuestConnection _connection;
    private readonly CancellationTokenSource _ending = new();
    private Task _offering = Task.CompletedTask;
    private Task _keepingAlive = Task.CompletedTask;
    private int _offers;
    private int _isOffering;
    private volatile bool _isMaster;
    private volatile bool _isRegistered;
    private volatile bool _isSlotClosed;
    private volatile bool _isFailing;

    public CollectorWorker(GuestSession guest, GuestWarnings warnings, CollectorTimings timings)
    {
        _guest = guest;
        _warnings = warnings;
        _timings = timings;
        _connection = new GuestConnection(guest.Session, TimeSpan.FromSeconds(guest.Worker.StartupTimeout), text => warnings.Warn(text));
    }

    /// <summary>True when the next finished test is to be offered. Cheap: asked for every test.</summary>
    public bool WantsCut => _isMaster && !_isSlotClosed && Volatile.Read(ref _isOffering) == 0;

    /// <summary>Waits for the server and registers. Never throws; a worker that could not register tries again while it keeps alive.</summary>
    /// <returns>True when single tests are to be watched.</returns>
    public async Task<bool> StartAsync()
    {
        try
        {
            await _guest.EnsureServerAsync(_ending.Token).ConfigureAwait(false);
            await RegisterAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _isFailing = true;
            _warnings.Warn(NotReached, e);
        }

        _keepingAlive = KeepAliveAsync();
        return _guest.Worker.WatchesTests(_isMaster);
    }

    /// <summary>Offers a finished test to the run's slot, on a task of its own.</summary>
    public void Offer(TestResultCut cut)
    {
        if (Interlocked.Exchange(ref _isOffering, 1) == 0)
        {
            _offering = Task.Run(() => OfferAsync(cut));
        }
    }

    /// <summary>The tests have ended. Never throws.</summary>
    public async Task CompleteAsync()
    {
        TimeSpan deadline = _isFailing ? _timings.DoubtfulCallDeadline : _timings.LastCallDeadline;
        var waited = Stopwatch.StartNew();
        try
        {
            // The slot first: a cut that arrives after its worker's end would find another master.
            await Task.WhenAny(_offering, Task.Delay(deadline)).ConfigureAwait(false);
            deadline -= waited.Elapsed;
            if (_isRegistered && deadline > TimeSpan.Zero)
            {
                await CallAsync(
                    (client, token) => client.SetWorkerStatusAsync(
                        new WorkerStatusRequest { Pid = _guest.Worker.Pid, TestRunId = _guest.Worker.TestRunId, Status = WorkerStatus.Completed, Part = WorkerPart.Collector }, token),
                    deadline).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            // A server that did not answer before has been complained about already.
            if (!_isFailing)
            {
                _warnings.Warn("the server was not told that the tests have ended", e);
            }
        }

        _ending.Cancel();
        await _keepingAlive.ConfigureAwait(false);
    }

    public void Dispose()
    {
        _ending.Cancel();
        _connection.Dispose();
        _ending.Dispose();
    }

    private async Task RegisterAsync()
    {
        RegisterRequest request = _guest.Worker.ToRegistration(WorkerPart.Collector);
        RegisterResponse answer = await _connection.CallAsync((client, token) => client.RegisterAsync(request, token), _timings.CallDeadline, _ending.Token).ConfigureAwait(false);
        _isMaster = answer.IsMaster;
        _isRegistered = true;
        _isFailing = false;
    }

    private async Task OfferAsync(TestResultCut cut)
    {
        try
        {
            StatusResponse answer = await _connection.CallAsync(
                (client, token) => client.SendInProgressAsync(_guest.Worker.TestRunId, cut, token), _timings.CallDeadline, _ending.Token).ConfigureAwait(false);
            _isSlotClosed = true;
            if (answer.Held == false && answer.Message is not null)
            {
                Trace.WriteLine($"Sync Storage: the slot was taken already: {answer.Message}");
            }
        }
        catch (Exception e)
        {
            _isFailing = true;
            _isSlotClosed = ++_offers >= MostOffers;
            _warnings.Warn("no finished test could be offered as the one to hold back", e);
        }
        finally
        {
            Volatile.Write(ref _isOffering, 0);
        }
    }

    private async Task KeepAliveAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(_timings.KeepAlive, _ending.Token).ConfigureAwait(false);
                if (!_isRegistered || (!_isMaster && _guest.Worker.TestEvents == "Always"))
                {
                    // Mastership moves when the master dies; asking again gives the answer of now.
                    await RegisterAsync().ConfigureAwait(false);
                }
                else
                {
                    await PingAsync().ConfigureAwait(false);
                }

                _isFailing = false;
            }
            catch (OperationCanceledException) when (_ending.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                _isFailing = true;
                _warnings.Warn("the server does not hear that the tests are running", e);
            }
        }
    }

    private async Task PingAsync()
    {
        try
        {
            await CallAsync(
                (client, token) => client.KeepAliveAsync(new KeepAliveRequest { Pid = _guest.Worker.Pid, TestRunId = _guest.Worker.TestRunId }, token),
                _timings.CallDeadline).ConfigureAwait(false);
        }
        catch (SyncStorageClientException e) when (e.Status == NotFound)
        {
            await RegisterAsync().ConfigureAwait(false);
        }
    }

    private Task CallAsync(Func<SyncStorageClient, CancellationToken, Task> call, TimeSpan deadline)
        => _connection.CallAsync(call, deadline, _ending.Token);
}

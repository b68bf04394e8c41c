using System;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.TestLogger;

/// <summary>The logger's half of a worker: registers, hands results over, says when the tests have ended. Knows no VSTest.</summary>
internal sealed class LoggerWorker : IDisposable
{
    private const int NotFound = 404;

    private readonly GuestSession _guest;
    private readonly GuestWarnings _warnings;
    private readonly OutboxLimits _limits;
    private readonly GuestConnection _connection;
    private readonly CancellationTokenSource _ending = new();
    private readonly ResultOutbox _outbox;
    private readonly WorkerFacts _facts;
    private Task<RegisterResponse> _registered;
    private Task _rehearsing = Task.CompletedTask;

    public LoggerWorker(GuestSession guest, GuestWarnings warnings, OutboxLimits limits)
    {
        _guest = guest;
        _warnings = warnings;
        _limits = limits;
        _facts = new WorkerFacts(guest.Worker);
        _connection = new GuestConnection(guest.Session, TimeSpan.FromSeconds(guest.Worker.StartupTimeout), text => warnings.Warn(text));
        // Off VSTest's thread, and early: the first call costs more in compiling than in waiting.
        _registered = Task.Run(StartAsync);
        _outbox = new ResultOutbox(guest.Worker, SendAsync, warnings, limits);
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
    }

    /// <summary>Never blocks on the network and never throws.</summary>
    public void Add(ObservedResult result) => _outbox.Add(_facts.AddTo(result));

    /// <summary>Everything is handed over or spooled and the worker is completed. Never throws.</summary>
    /// <returns>The line for the console.</returns>
    public async Task<string> CompleteAsync()
    {
        await _outbox.FlushAsync(isDoubtful: _registered.IsFaulted).ConfigureAwait(false);
        bool isMaster = false;
        TimeSpan deadline = _outbox.IsFailing ? _limits.DoubtfulCallDeadline : _limits.LastCallDeadline;
        try
        {
            // A worker without results may not have met the server yet.
            _ending.CancelAfter(deadline);
            isMaster = (await WithinAsync(RegisteredAsync(), _ending.Token).ConfigureAwait(false)).IsMaster;
            // Nothing of ours may arrive after the word that we have ended.
            await Task.WhenAny(_rehearsing, Task.Delay(deadline)).ConfigureAwait(false);
            await _connection.CallAsync(
                (client, token) => client.SetWorkerStatusAsync(
                    new WorkerStatusRequest { Pid = _guest.Worker.Pid, TestRunId = _guest.Worker.TestRunId, Status = WorkerStatus.Completed, Part = WorkerPart.Logger }, token),
                deadline,
                _ending.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // A server that took no results has been complained about already.
            if (!_outbox.IsFailing)
            {
                _warnings.Warn("the server was not told that the tests have ended", e);
            }
        }

        return Summary(isMaster);
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        _ending.Dispose();
        _outbox.Dispose();
        _connection.Dispose();
    }

    /// <summary>On Ctrl+C VSTest ends the process and raises no event of its own.</summary>
    private void OnProcessExit(object? sender, EventArgs e)
    {
        try
        {
            _outbox.Abandon();
        }
        catch (Exception trouble)
        {
            _warnings.Warn("results that were waiting may be lost", trouble);
        }
    }

    private async Task<RegisterResponse> StartAsync()
    {
        await _guest.EnsureServerAsync(CancellationToken.None).ConfigureAwait(false);
        RegisterResponse answer = await RegisterAsync(CancellationToken.None).ConfigureAwait(false);
        _rehearsing = RehearseAsync();
        return answer;
    }

    /// <summary>
    /// What is called at the end is called once now, on both sides, while the test host starts: at the end the user waits, and
    /// compiling these calls takes longer than making them.
    /// </summary>
    private async Task RehearseAsync()
    {
        try
        {
            JsonSerializer.SerializeToUtf8Bytes(new ResultBatch { Results = [new ObservedResult { Traits = [new ResultTrait()] }] }, WireJsonOut.Default.ResultBatch);
            JsonSerializer.SerializeToUtf8Bytes(new WorkerStatusRequest(), WireJsonOut.Default.WorkerStatusRequest);
            JsonSerializer.Deserialize("{}", WireJson.Default.StatusResponse);
            await SendAsync(new ResultBatch { Pid = _guest.Worker.Pid, TestRunId = _guest.Worker.TestRunId }, _limits.CallDeadline, _ending.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The real calls tell what is wrong.
        }
    }

    private async Task<RegisterResponse> RegisterAsync(CancellationToken cancellation)
    {
        WorkerDescription worker = _guest.Worker;
        RegisterRequest request = worker.ToRegistration(WorkerPart.Logger);
        RegisterResponse answer = await _connection.CallAsync((client, token) => client.RegisterAsync(request, token), _limits.CallDeadline, cancellation).ConfigureAwait(false);
        WorkerRole.Write(_guest.Session.Directory, worker.Pid, worker.WatchesTests(answer.IsMaster));
        return answer;
    }

    /// <summary>A first registration that failed is tried again with each call that needs it.</summary>
    private async Task<RegisterResponse> RegisteredAsync()
    {
        if (_registered.IsFaulted || _registered.IsCanceled)
        {
            _registered = RegisterAsync(_ending.Token);
        }

        return await _registered.ConfigureAwait(false);
    }

    private async Task SendAsync(ResultBatch batch, TimeSpan deadline, CancellationToken cancellation)
    {
        await WithinAsync(RegisteredAsync(), cancellation).ConfigureAwait(false);
        try
        {
            await PostAsync(batch, deadline, cancellation).ConfigureAwait(false);
        }
        catch (SyncStorageClientException e) when (e.Status == NotFound)
        {
            // The server lost its journal, or never had this run: make ourselves known to it.
            _registered = RegisterAsync(cancellation);
            await _registered.ConfigureAwait(false);
            await PostAsync(batch, deadline, cancellation).ConfigureAwait(false);
        }
    }

    private Task PostAsync(ResultBatch batch, TimeSpan deadline, CancellationToken cancellation)
        => _connection.CallAsync((client, token) => client.PostResultsAsync(batch, token), deadline, cancellation);

    /// <summary>Stops waiting for the start of the server when the end of the tests gives up; the start itself goes on.</summary>
    private static async Task<T> WithinAsync<T>(Task<T> task, CancellationToken cancellation)
    {
        var gaveUp = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using (cancellation.Register(() => gaveUp.TrySetResult(true)))
        {
            if (await Task.WhenAny(task, gaveUp.Task).ConfigureAwait(false) != task)
            {
                throw new OperationCanceledException("no server accepted in time", cancellation);
            }
        }

        return await task.ConfigureAwait(false);
    }

    private string Summary(bool isMaster)
    {
        OutboxCounts counts = _outbox.Counts;
        var line = new StringBuilder("Sync Storage: run ").Append(_guest.Worker.TestRunId).Append(", worker ").Append(_guest.Worker.Pid);
        if (isMaster)
        {
            line.Append(" (master)");
        }

        line.Append($": {counts.HandedOver} results handed over");
        if (counts.Spooled > 0)
        {
            line.Append($", {counts.Spooled} spooled");
        }

        if (counts.Lost > 0)
        {
            line.Append($", {counts.Lost} lost");
        }

        return line.ToString();
    }
}

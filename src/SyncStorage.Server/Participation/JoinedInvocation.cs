using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Planning;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Participation;

/// <summary>
/// Another invocation on this machine coordinates the same run already: this process serves nothing, it only brings the two
/// together. Its guests get the other server's address, and it holds a lease there for as long as they need it.
/// </summary>
internal sealed class JoinedInvocation : IDisposable
{
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);

    private readonly ServerOptions _options;
    private readonly Session _own;
    private readonly Session _other;
    private readonly SessionLease _lease;
    private readonly string[] _notices;
    private readonly HashSet<string> _planned = new(StringComparer.Ordinal);
    private string? _announced;

    private JoinedInvocation(ServerOptions options, Session own, Session other, SessionLease lease, PortOwner owner)
    {
        (_options, _own, _other, _lease) = (options, own, other, lease);
        _notices = [$"SYNC0006: Run {options.TestRunId} is coordinated by another 'dotnet test' on this machine already ({owner.Url}); this one takes part there."];
    }

    /// <returns>Null when the other server cannot be joined: not ours to read, or just stopping.</returns>
    public static async Task<JoinedInvocation?> TryAsync(ServerOptions options, Session own, PortOwner owner)
    {
        if (options.TestRunId is null || !Directory.Exists(owner.Session))
        {
            return null;
        }

        try
        {
            Session other = Session.At(owner.Session);
            // A server that has just begun to listen opens its run in a moment.
            if (!owner.TestRunIds.Contains(options.TestRunId) && other.ReadRun(options.TestRunId) is null)
            {
                return null;
            }

            using (await other.LockAsync(LockTimeout).ConfigureAwait(false))
            {
                // Under the lock: the other server stops only under it, and looks for leases first.
                return other.ReadServer() is null ? null : new JoinedInvocation(options, own, other, other.TakeJoinLease(), owner);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's, or gone in this moment.
            return null;
        }
    }

    /// <summary>Until the own invocation ends, and then until the run does.</summary>
    public async Task RunAsync(Stop stop, Alarm alarm, IProcessTable processes, ProjectPlans plans, TimeProvider time)
    {
        Share();
        Announce();
        string? watched = _options.Watch is int id ? processes.BirthOf(id) : null;
        while (_own.HasLeases() && !stop.IsRequested && (_options.Watch is not int pid || (watched is not null && processes.BirthOf(pid) == watched)))
        {
            await alarm.WaitAsync().ConfigureAwait(false);
            Share();
            Announce();
            plans.Tend();
        }

        _lease.Dispose();
        await WaitForReportAsync(alarm, time).ConfigureAwait(false);
        using (await _own.LockAsync(LockTimeout).ConfigureAwait(false))
        {
            _own.RemoveServer();
        }
    }

    public void Dispose() => _lease.Dispose();

    /// <summary>The other server reads what is known of runs and workers from its own session.</summary>
    private void Share()
    {
        foreach (RunSettings run in _own.ReadRuns())
        {
            _other.WriteRun(run);
            if (run is { Publish: true, AdapterMode: 0 } && !_planned.Contains(run.TestRunId)
                && _other.ReadPlan(run.TestRunId) is { } plan)
            {
                _own.WritePlan(run.TestRunId, plan);
                _planned.Add(run.TestRunId);
            }
        }

        foreach (WorkerDescription worker in _own.ReadWorkers().Where(worker => _other.ReadWorker(worker.Pid) is null))
        {
            _other.WriteWorker(worker);
        }
    }

    /// <summary>Again whenever the other server was killed and started anew: it may have another port then, and has another secret.</summary>
    private void Announce()
    {
        if (_other.ReadServer() is not { } server || server.Secret == _announced)
        {
            return;
        }

        var state = new ServerState { ProcessId = Environment.ProcessId, Url = server.Url, Secret = server.Secret, Directory = server.Directory, Notices = _notices };
        AtomicFile.Write(_own.ServerStatePath, JsonSerializer.SerializeToUtf8Bytes(state, WireJsonOut.Default.ServerState), ownerOnly: true);
        _announced = server.Secret;
    }

    /// <summary>The own <c>dotnet test</c> is to find a final report when it returns, also in its own directory.</summary>
    private async Task WaitForReportAsync(Alarm alarm, TimeProvider time)
    {
        string directory = _other.ReadServer()?.Directory ?? _options.Directory;
        var folder = new RunFolder(directory, _options.TestRunId!);
        long start = time.GetTimestamp();
        while (IsOpen(folder) && _other.ReadServer() is not null && time.GetElapsedTime(start) < _options.CompletionTimeout)
        {
            await alarm.WaitAsync().ConfigureAwait(false);
        }

        var own = new RunFolder(_options.Directory, _options.TestRunId!);
        if (own.ReportPath != folder.ReportPath && File.Exists(folder.ReportPath))
        {
            OwnerOnly.CreateDirectory(own.Path);
            File.Copy(folder.ReportPath, own.ReportPath, overwrite: true);
            File.Copy(folder.ResultsPath, own.ResultsPath, overwrite: true);
        }
    }

    private static bool IsOpen(RunFolder folder)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(folder.ReportPath), ServerJson.Default.Report)?.State == "running";
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

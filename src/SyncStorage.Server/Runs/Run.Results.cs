using System;
using System.Buffers;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Runs;

// What workers hand over, and what they could not.
internal sealed partial class Run
{
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
            prepared.Add(new PreparedResult(result.Sequence, result.TestCaseId, ResultStore.Classify(result.Outcome), start, lines.WrittenCount - start, result.Recovered));
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

    public ValueTask<ObservedResult> ReadAsync(long index, CancellationToken cancellation)
    {
        (long Offset, int Length) place;
        lock (_gate)
        {
            place = _store.Locate(index);
        }

        return ValueTask.FromResult(_store.Read(place));
    }

    /// <summary>What MSBuild left about a worker. Pids come from outside: only a plain file name is looked up.</summary>
    private WorkerDescription? Describe(string pid)
        => _host.Session is not null && RunFolder.NameOf(pid) == pid ? Session.At(_host.Session).ReadWorker(pid) : null;
}

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

// What workers observe.
internal sealed partial class Run
{
    /// <summary>Stores what a worker observed; returns once it is with the operating system.</summary>
    public void Accept(string pid, IReadOnlyList<ObservedResult> results)
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

    public ValueTask<ObservedResult> ReadAsync(long index, CancellationToken cancellation)
    {
        (long Offset, int Length) place;
        lock (_gate)
        {
            place = _store.Locate(index);
        }

        return ValueTask.FromResult(_store.Read(place));
    }
}

using System.Buffers;
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
        WorkerProject origin;
        lock (_gate)
        {
            ThrowIfClosed();
            Worker worker = _state.Find(pid) ?? throw Unknown(pid, 400);
            (project, targetFramework, origin) = (worker.Project, worker.TargetFramework ?? "", worker.Origin);
        }

        // Identity and JSON cost more than all the rest and need no lock.
        var lines = new ArrayBufferWriter<byte>(512 * Math.Max(1, results.Count));
        var prepared = new List<PreparedResult>(results.Count);
        Delivery delivery = Settings.Publish ? Delivery.Pending : Delivery.Sent;
        foreach (ObservedResult given in results)
        {
            ObservedResult result = CompleteResult.Of(given) with { ProjectFile = origin.ProjectFile, FrameworkOfSeveral = origin.FrameworkOfSeveral };
            int start = lines.WrittenCount;
            var head = new StoredLineHead { Worker = pid, Project = project, TargetFramework = targetFramework, AutoTestExternalId = ExternalIdOf(result) };
            StoredLine.Write(lines, head, result, delivery);
            prepared.Add(new PreparedResult(result.Sequence, result.TestCaseId, ResultStore.Classify(result.Outcome), start, lines.WrittenCount - start, result.Recovered));
        }

        lock (_gate)
        {
            ThrowIfClosed();
            var accepted = new List<PreparedResult>(prepared.Count);
            int first = _store.Count;
            _store.Append(pid, targetFramework, lines.WrittenSpan, prepared, delivery, accepted);
            Witness(pid, results);
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
                if (_offered?.Pid == pid && _offered.TestCaseId == accepted[i].TestCaseId)
                {
                    _offeredIndex ??= first + i;
                }

                if (_state.Slot.Awaits(pid, accepted[i].TestCaseId))
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

    /// <summary>A data collector of the worker tells what happens to its tests; from now on results are set off against that.</summary>
    public void Attest(string pid)
    {
        lock (_gate)
        {
            _witnessed.TryAdd(pid, new WitnessedTests());
        }
    }

    public bool IsAttested(string pid) => Look(() => _witnessed.ContainsKey(pid));

    /// <summary>Display names of the tests that a worker is in.</summary>
    public IReadOnlyList<string> RunningTests(string pid) => Look(() => _witnessed.TryGetValue(pid, out WitnessedTests? tests) ? tests.Running : []);

    /// <param name="pid">An attested worker.</param>
    /// <param name="file">The mail file.</param>
    /// <param name="line">Its start line.</param>
    public void TestStarted(string pid, string file, ReadOnlySpan<byte> line)
    {
        lock (_gate)
        {
            _witnessed[pid].Started(file, line);
        }
    }

    /// <param name="pid">An attested worker.</param>
    /// <param name="file">The mail file.</param>
    /// <param name="line">Its end line.</param>
    public void TestEnded(string pid, string file, ReadOnlySpan<byte> line)
    {
        lock (_gate)
        {
            _witnessed[pid].Ended(file, line);
            if (_slot is { IsOffered: false })
            {
                TakeSlotForMaster();
            }
        }
    }

    /// <summary>The worker's logger saw the end of its tests.</summary>
    public void TestsEnded(string pid, WitnessedEnd end)
    {
        lock (_gate)
        {
            if (_witnessed.TryGetValue(pid, out WitnessedTests? tests))
            {
                tests.End = end;
            }
        }
    }

    /// <summary>The worker has ended and all its mail is read: what its test hosts have taken with them is a result nevertheless.</summary>
    public void Recover(string pid)
    {
        lock (_gate)
        {
            if (!_witnessed.TryGetValue(pid, out WitnessedTests? tests) || _state.Find(pid) is not { } worker)
            {
                return;
            }

            bool endedWell = !tests.End.Aborted && worker.Parts.All(part => part.Status == WorkerStatus.Completed);
            IReadOnlyList<ObservedResult> missing = tests.Missing(endedWell);
            if (missing.Count > 0)
            {
                Log($"A test host of worker {pid} ended early: {missing.Count} results are recovered from what its data collector saw.");
                Accept(pid, WithTwins(pid, missing));
            }

            tests.Settle();
        }
    }

    /// <summary>Numbered after those of the same name that came: each is a row of its own.</summary>
    private List<ObservedResult> WithTwins(string pid, IReadOnlyList<ObservedResult> missing)
    {
        static (string, string, string) NameOf(ObservedResult result) => (result.Source, result.FullyQualifiedName, result.DisplayName);

        Dictionary<(string, string, string), int> seen = missing.Select(NameOf).Distinct().ToDictionary(name => name, _ => 0);
        for (long i = 0; i < _store.Count; i++)
        {
            if (_store[i].WorkerPid == pid && NameOf(_store.Read(_store.Locate(i))) is var name && seen.TryGetValue(name, out int count))
            {
                seen[name] = count + 1;
            }
        }

        return missing.Select(result => result with { Twin = seen[NameOf(result)]++ }).ToList();
    }

    private void Witness(string pid, IReadOnlyList<ObservedResult> results)
    {
        if (_witnessed.TryGetValue(pid, out WitnessedTests? tests))
        {
            foreach (ObservedResult result in results)
            {
                if (!result.Recovered)
                {
                    tests.Arrived(result.Sequence, result.TestCaseId, result.Outcome);
                }
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
}

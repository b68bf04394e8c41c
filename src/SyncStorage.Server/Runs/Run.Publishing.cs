using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Content;

namespace SyncStorage.Server.Runs;

// What is held back and what goes to Test IT; what the publisher answers.
internal sealed partial class Run
{
    /// <summary>The first result that the publisher has not been given.</summary>
    private long _toPublish;

    private readonly ParameterNames _parameterNames = new();
    private bool _heldPublished;
    private bool _restored;
    private bool _othersReleased;

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
            // The held one may be left, of which only the next look tells that it stands in Test IT.
            if (_awaitsSettling && index < _store.Count && _store.PendingOf(_store[index].WorkerPid) <= 1)
            {
                WriteReport();
            }
        }
    }

    public void RunCreated(string testRunId)
    {
        lock (_gate)
        {
            Commit([new RunEvent { Kind = RunEvents.RunCreated, At = Now.Time, TestRunId = testRunId, TestRunUrl = _publisher?.TestRunUrl }]);
        }
    }

    public void Notice(Diagnostic notice)
    {
        Log(notice.ToString());
        lock (_gate)
        {
            if (notice.Code is not null && !_closed && !_notices.Contains(notice))
            {
                Commit([new RunEvent { Kind = RunEvents.Notice, At = Now.Time, Code = notice.Code, Text = notice.Message }]);
            }
        }
    }

    /// <summary>For the report and the console of this invocation, but not for the journal: it is no part of the run's story. Without a code it is no warning.</summary>
    public void Tell(string text)
    {
        Log(text);
        lock (_gate)
        {
            var information = new Diagnostic(null, text);
            if (!_closed && !_notices.Contains(information))
            {
                _notices.Add(information);
                WriteReport();
            }
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
    {
        ObservedResult result = _store.Read(_store.Locate(index));
        return ResultCut.Of(result, ExternalIdOf(result), _store[index].WorkerPid, Settings);
    }

    /// <summary>As it goes to Test IT: a template has the values of the row.</summary>
    private string ExternalIdOf(ObservedResult result)
    {
        try
        {
            return AutoTestId.Of(result, Settings.ExternalId, _parameterNames).Value;
        }
        catch (Exception e)
        {
            Log($"The external id of {result.FullyQualifiedName} cannot be made: {e}");
            return result.FullyQualifiedName;
        }
    }

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
            if (_store.DeliveryOf(i) is Delivery.Pending or Delivery.Spooled || (!Settings.Publish && _store.DeliveryOf(i) != Delivery.Rejected))
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
        if (!Settings.Publish || _state.Workers.Count == 0 || _state.Phase != RunPhase.Running)
        {
            return;
        }

        // Early, so that the run's address is known before the first result is.
        if (_publisher is null)
        {
            _publisher = _host.CreatePublisher(Settings, this, _createdTestRunId);
            _restored = false;
        }

        if (_store.Count == 0 || (OthersWait && !_finishing))
        {
            return;
        }

        long? held = _state.Held?.Index;
        bool isPublishedNow = false;
        if (held is long index && !_heldPublished && _store.DeliveryOf(index) is Delivery.Pending or Delivery.Spooled)
        {
            _heldPublished = isPublishedNow = true;
            _publisher.Publish(_store[index], held: true);
        }
        else if (!_heldPublished && !_othersReleased)
        {
            _othersReleased = true;
            _publisher.ReleaseOthers();
        }

        RestoreDelivered(held, isPublishedNow);
        for (; _toPublish < _store.Count; _toPublish++)
        {
            if (_toPublish != held && _store.DeliveryOf(_toPublish) is Delivery.Pending or Delivery.Spooled)
            {
                _publisher.Publish(_store[_toPublish], held: false);
            }
        }
    }

    /// <summary>Nothing may be published yet: nobody is held back so far.</summary>
    private bool OthersWait => _slot is null || _state.Held is not null ? _state.AwaitsHeldResult : !_slot.IsDecided;

    /// <summary>
    /// What an earlier process delivered keeps its rows. In the order in which it was sent, the held-back result before all others: of two tests
    /// with the same id and parameters the first has the plain ones, and it has to stay the first.
    /// </summary>
    private void RestoreDelivered(long? held, bool isPublishedNow)
    {
        if (_restored)
        {
            return;
        }

        _restored = true;
        held ??= _state.Slot.LastHeld?.Index;
        if (!isPublishedNow && held is long first && first < _store.Count && _store.DeliveryOf(first) == Delivery.Sent)
        {
            _publisher!.Restore(_store[first]);
        }

        for (long i = 0; i < _store.Count; i++)
        {
            if (i != held && _store.DeliveryOf(i) == Delivery.Sent)
            {
                _publisher!.Restore(_store[i]);
            }
        }
    }

    /// <summary>A new master may have handed results over before it became one.</summary>
    private void TakeSlotForMaster()
    {
        if (_state.Held is not null || _state.MasterPid is null || _state.Phase != RunPhase.Running || _slot is { IsOffered: true })
        {
            return;
        }

        if (_slot is not null && _witnessed.TryGetValue(_state.MasterPid, out WitnessedTests? tests) && tests.FirstEnded is { } first
            && !TestIdentity.Of(first, Settings.ExternalId).IsTemplate)
        {
            // Another service gives the slot to whoever is first: the cut need not wait for the result's body, unless only that has the id's values.
            _offered = ResultCut.Of(first, ExternalIdOf(first), _state.MasterPid, Settings);
            _slot.Offer(_offered, null);
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

    /// <summary>
    /// What was offered to another service before its result came, and which result that is; the answer may be slower than the result.
    /// </summary>
    private TestResultCut? _offered;
    private long? _offeredIndex;

    // So that the search above looks at every result once, however long the master takes for its first test.
    private string? _searchedForMaster;
    private long _searchedUpTo;
}

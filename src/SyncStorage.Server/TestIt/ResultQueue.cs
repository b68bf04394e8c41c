using SyncStorage.Results;
using SyncStorage.Server.Results;

namespace SyncStorage.Server.TestIt;

/// <summary>A result on its way out. Its body is read from the store when it is sent.</summary>
internal sealed class PendingResult(StoredResult stored, UInt128 autoTest, UInt128 row)
{
    public StoredResult Stored { get; } = stored;

    /// <summary>Fingerprint of the external id: never two of one autotest in one request.</summary>
    public UInt128 AutoTest { get; } = autoTest;

    /// <summary>Key of the row: attempts of one test share it.</summary>
    public UInt128 Row { get; } = row;

    /// <summary>The body, while it is small enough in sum to be kept.</summary>
    public ObservedResult? Body { get; set; }

    /// <summary>It may have arrived already: look before posting. The number counts unclear failures, null = clear.</summary>
    public int? UnclearSince { get; set; } = stored.Unclear ? 0 : null;
}

/// <summary>
/// Results in the order of their arrival, given out in batches in which no autotest occurs twice, and never while another
/// result of the same autotest is under way. Not thread-safe.
/// </summary>
internal sealed class ResultQueue
{
    private readonly Dictionary<UInt128, Group> _groups = [];
    private readonly Queue<Group> _ready = [];

    /// <summary>Results that wait, those under way not counted.</summary>
    public int Waiting { get; private set; }

    /// <summary>Autotests that a batch could be made of now.</summary>
    public int Ready => _ready.Count;

    public void Add(PendingResult result)
    {
        if (!_groups.TryGetValue(result.AutoTest, out Group? group))
        {
            _groups.Add(result.AutoTest, group = new Group());
        }

        group.Results.AddLast(result);
        Waiting++;
        MakeReady(group);
    }

    /// <summary>The next autotest's result, with further attempts of the same test; null when none is ready.</summary>
    public List<PendingResult>? Take()
    {
        if (!_ready.TryDequeue(out Group? group))
        {
            return null;
        }

        group.IsQueued = false;
        group.IsBusy = true;
        UInt128 row = group.Results.First!.Value.Row;
        var taken = new List<PendingResult>(1);
        while (group.Results.First is { } first && first.Value.Row == row)
        {
            taken.Add(first.Value);
            group.Results.RemoveFirst();
        }

        Waiting -= taken.Count;
        return taken;
    }

    /// <summary>They were not sent after all: they come first again.</summary>
    public void Return(IReadOnlyList<PendingResult> results)
    {
        Group group = _groups[results[0].AutoTest];
        foreach (PendingResult result in results.Reverse())
        {
            group.Results.AddFirst(result);
        }

        Waiting += results.Count;
        group.IsBusy = false;
        MakeReady(group);
    }

    /// <summary>What was taken of this autotest is done.</summary>
    public void Release(UInt128 autoTest)
    {
        Group group = _groups[autoTest];
        group.IsBusy = false;
        if (group.Results.Count == 0)
        {
            _groups.Remove(autoTest);
        }
        else
        {
            MakeReady(group);
        }
    }

    public List<PendingResult> TakeAll()
    {
        List<PendingResult> all = _groups.Values.SelectMany(group => group.Results).ToList();
        _groups.Clear();
        _ready.Clear();
        Waiting = 0;
        return all;
    }

    private void MakeReady(Group group)
    {
        if (!group.IsBusy && !group.IsQueued)
        {
            group.IsQueued = true;
            _ready.Enqueue(group);
        }
    }

    private sealed class Group
    {
        public LinkedList<PendingResult> Results { get; } = [];
        public bool IsBusy { get; set; }
        public bool IsQueued { get; set; }
    }
}

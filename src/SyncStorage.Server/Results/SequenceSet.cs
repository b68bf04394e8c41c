namespace SyncStorage.Server.Results;

/// <summary>Which numbers were seen. They come nearly in order, so a counter and a few stragglers hold 100 000 of them.</summary>
internal sealed class SequenceSet
{
    private readonly HashSet<long> _stragglers = [];
    private long _next;

    public bool Contains(long number) => number < _next ? number >= 0 : _stragglers.Contains(number);

    public void Add(long number)
    {
        if (number != _next)
        {
            _stragglers.Add(number);
            return;
        }

        _next++;
        while (_stragglers.Remove(_next))
        {
            _next++;
        }
    }
}

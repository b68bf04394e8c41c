namespace SyncStorage.Server.Results;

/// <summary>A list that grows without copying: one that doubles leaves half of itself as garbage each time, for a run of 300 000 results in megabytes.</summary>
internal sealed class ChunkedList<T>
    where T : struct
{
    private const int ChunkSize = 1024;

    private readonly List<T[]> _chunks = [];

    public int Count { get; private set; }

    public T this[int index]
    {
        get => _chunks[index / ChunkSize][index % ChunkSize];
        set => _chunks[index / ChunkSize][index % ChunkSize] = value;
    }

    public void Add(T item)
    {
        if (Count == _chunks.Count * ChunkSize)
        {
            _chunks.Add(new T[ChunkSize]);
        }

        this[Count++] = item;
    }
}

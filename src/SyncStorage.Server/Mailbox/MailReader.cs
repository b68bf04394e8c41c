using Microsoft.Win32.SafeHandles;

namespace SyncStorage.Server.Mail;

/// <summary>Follows one mail file while it grows. A line counts once its line feed is there; nothing is read twice but what was not taken.</summary>
internal sealed class MailReader : IDisposable
{
    private const int FirstBuffer = 64 << 10;

    // So much is taken at a time: what a chunk's results need in memory, and between chunks a stopping server looks up.
    private const int Chunk = 1 << 20;

    private readonly SafeFileHandle _file;
    private byte[] _buffer = [];
    private long _offset;

    /// <exception cref="IOException">It is gone, or cannot be read.</exception>
    public MailReader(string path)
    {
        Path = path;
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    public string Path { get; }
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>The worker that writes it; null before its first line has been read.</summary>
    public string? Pid { get; set; }

    /// <summary>The part of that worker.</summary>
    public string Part { get; set; } = "";

    /// <summary>Something is there that has not been taken: lines, or the half of one.</summary>
    public bool HasMore => RandomAccess.GetLength(_file) > _offset;

    /// <summary>The next whole lines, each with its line feed; empty when there is none. They come again until <see cref="Take"/>.</summary>
    public ReadOnlyMemory<byte> Read()
    {
        long waiting = RandomAccess.GetLength(_file) - _offset;
        if (waiting <= 0)
        {
            // Also a file that was cut back under a half line.
            return default;
        }

        int filled = 0;
        Resize((int)Math.Min(Math.Max(waiting, 1), FirstBuffer));
        while (true)
        {
            int read = RandomAccess.Read(_file, _buffer.AsSpan(filled), _offset + filled);
            filled += read;
            int end = _buffer.AsSpan(0, filled).LastIndexOf((byte)'\n') + 1;
            if (read == 0 || (end > 0 && filled >= Chunk))
            {
                return _buffer.AsMemory(0, end);
            }

            if (filled == _buffer.Length)
            {
                Resize(_buffer.Length * 2);
            }
        }
    }

    /// <summary>What was read is stored and need not come again.</summary>
    public void Take(int length)
    {
        _offset += length;
        if (_buffer.Length > Chunk * 2)
        {
            // One result of megabytes is no reason to keep them.
            _buffer = [];
        }
    }

    public void Dispose() => _file.Dispose();

    private void Resize(int size)
    {
        if (_buffer.Length < size)
        {
            Array.Resize(ref _buffer, size);
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using SyncStorage.Sessions;

namespace SyncStorage.Mail;

/// <summary>
/// What one part of a worker tells the server: a file of lines that this process alone appends to. A line is the kernel's before
/// <see cref="Write"/> returns, so it survives every death of a process. Threads may write at once; nothing here throws or waits for anybody.
/// </summary>
internal sealed class MailFile : IDisposable
{
    // What a full disk may cost in memory; the same that the server bounds a worker's largest result by, and some company.
    private const long MostRefusedBytes = 32 << 20;

    // Several loads of one extension in one process, as .NET Framework's application domains do it.
    private const int MostNames = 100;

    private readonly object _writing = new();
    private readonly string _folder;
    private readonly string _name;
    private readonly Action<string, Exception?> _warn;
    private readonly Func<string, Stream> _open;
    private readonly Queue<byte[]> _refused = new();
    private Stream? _file;
    private long _length;
    private long _refusedBytes;
    private long _lost;
    private bool _isClosed;

    /// <param name="folder">The run's mail folder; created with the first line if need be.</param>
    /// <param name="workerPid">The worker.</param>
    /// <param name="part">Which extension of it.</param>
    /// <param name="warn">Where trouble is told, each line refused once again: the receiver says each thing once.</param>
    public MailFile(string folder, string workerPid, string part, Action<string, Exception?> warn)
        : this(folder, workerPid, part, warn, Create)
    {
    }

    /// <param name="open">A seam for tests: disks that fill up.</param>
    internal MailFile(string folder, string workerPid, string part, Action<string, Exception?> warn, Func<string, Stream> open)
    {
        using var self = Process.GetCurrentProcess();
        _folder = folder;
        _name = string.Format(CultureInfo.InvariantCulture, "{0}.{1}.{2}", workerPid, part, self.Id);
        _warn = warn;
        _open = open;
    }

    /// <summary>Lines that found neither disk nor memory.</summary>
    public long Lost
    {
        get
        {
            lock (_writing)
            {
                return _lost;
            }
        }
    }

    /// <summary>Lines that still wait for the disk.</summary>
    public int Refused
    {
        get
        {
            lock (_writing)
            {
                return _refused.Count;
            }
        }
    }

    public void Write(JsonLine line)
    {
        try
        {
            byte[] bytes = line.ToBytes();
            lock (_writing)
            {
                if (_isClosed || !TryAppendRefused() || !TryAppend(bytes))
                {
                    Keep(bytes);
                }
            }
        }
        catch (Exception e)
        {
            // Out of memory, or worse: the host's tests go on.
            _warn("a line for the server could not be written", e);
        }
    }

    /// <summary>Tries once more what the disk refused.</summary>
    /// <returns>False when something is still not written.</returns>
    public bool Flush()
    {
        lock (_writing)
        {
            return TryAppendRefused() && _lost == 0;
        }
    }

    /// <summary>Flushes and closes; what comes later is lost and counted.</summary>
    public void Dispose()
    {
        lock (_writing)
        {
            TryAppendRefused();
            _isClosed = true;
            try
            {
                _file?.Dispose();
            }
            catch (IOException e)
            {
                _warn("the mail file could not be closed", e);
            }
        }
    }

    private bool TryAppendRefused()
    {
        while (_refused.Count > 0)
        {
            if (_isClosed || !TryAppend(_refused.Peek()))
            {
                return false;
            }

            _refusedBytes -= _refused.Dequeue().Length;
        }

        return true;
    }

    private bool TryAppend(byte[] line)
    {
        try
        {
            _file ??= _open(Path.Combine(_folder, _name));
            // Over what a failed write left, should cutting it off have failed as well.
            _file.Position = _length;
            _file.Write(line, 0, line.Length);
            _file.Flush();
            _length += line.Length;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            _warn($"lines for the server could not be written to '{_folder}' and are kept in memory until they can", e);
            CutBack();
            return false;
        }
    }

    /// <summary>A reader takes whole lines only; what is half must not be there when the next line comes, or another's end.</summary>
    private void CutBack()
    {
        try
        {
            _file?.SetLength(_length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            _warn("a half line could not be cut off; the next one overwrites it", e);
        }
    }

    private void Keep(byte[] line)
    {
        if (_isClosed || _refusedBytes + line.Length > MostRefusedBytes)
        {
            _lost++;
            _warn("lines for the server are lost: the disk takes nothing and the memory that is meant for this is full", null);
            return;
        }

        _refused.Enqueue(line);
        _refusedBytes += line.Length;
    }

    private static FileStream Create(string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            OwnerOnly.CreateDirectory(folder);
        }

        for (int number = 1; ; number++)
        {
            string candidate = path + (number == 1 ? "" : string.Format(CultureInfo.InvariantCulture, "-{0}", number)) + ".jsonl";
            try
            {
                // Nobody else can enter the folder, and the file is empty until it is private. No buffer: a line is one write.
                var file = new FileStream(candidate, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
                OwnerOnly.Restrict(candidate);
                return file;
            }
            catch (IOException) when (number < MostNames && File.Exists(candidate))
            {
                // Another load of this extension in this process has it.
            }
        }
    }
}

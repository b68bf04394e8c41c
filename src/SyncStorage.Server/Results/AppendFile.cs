using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Results;

/// <summary>
/// A file of lines that only grows. A line is handed to the operating system before <see cref="Append"/> returns, so it
/// survives a kill of this process; half a line that a kill left behind is cut off when the file is opened again.
/// Not safe for parallel writers: the run's lock is around it.
/// </summary>
internal sealed class AppendFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly SafeFileHandle _file;
    private bool _hasRemains;

    /// <param name="path">Created if need be.</param>
    /// <param name="exclusive">
    /// True: nobody else opens it while this process lives, which also tells others that it lives, and only its owner may
    /// read it.
    /// </param>
    /// <exception cref="IOException">Somebody else holds it, or it cannot be written.</exception>
    public AppendFile(string path, bool exclusive)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = exclusive ? FileShare.None : FileShare.Read, BufferSize = 0 };
        if (exclusive && !RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            // When it is made, not afterwards: some file systems cannot change a mode.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        _stream = exclusive ? ExclusiveFile.Claim(new FileStream(path, options)) : new FileStream(path, options);
        _file = _stream.SafeFileHandle;
        Length = EndOfLine(RandomAccess.GetLength(_file));
    }

    public long Length { get; private set; }

    /// <returns>Where the bytes begin in the file.</returns>
    /// <exception cref="IOException">Nothing of it is in the file.</exception>
    public long Append(ReadOnlySpan<byte> lines)
    {
        long offset = Length;
        if (_hasRemains)
        {
            CutOff();
        }

        try
        {
            RandomAccess.Write(_file, lines, offset);
        }
        catch (Exception e)
        {
            // A full disk takes the first lines of several: read back, they would be results whose sender was told that they are not.
            _hasRemains = true;
            CutOff();
            // .NET calls a file that is too large for the file system a wrong argument.
            throw e as IOException ?? new IOException(e.Message, e);
        }

        Length = offset + lines.Length;
        return offset;
    }

    public void Overwrite(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_file, bytes, offset);

    public void Read(long offset, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(_file, bytes, offset);
            if (read == 0)
            {
                throw new EndOfStreamException("The file is shorter than what was written to it.");
            }

            offset += read;
            bytes = bytes[read..];
        }
    }

    /// <summary>Calls back for every complete line, without its line feed.</summary>
    public void ForEachLine(LineVisitor visit)
    {
        byte[] buffer = new byte[64 * 1024];
        long start = 0;
        int filled = 0;
        while (start + filled < Length)
        {
            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            int wanted = (int)Math.Min(buffer.Length - filled, Length - start - filled);
            Read(start + filled, buffer.AsSpan(filled, wanted));
            filled += wanted;

            int used = 0;
            for (int end; (end = buffer.AsSpan(used, filled - used).IndexOf((byte)'\n')) >= 0; used += end + 1)
            {
                visit(start + used, buffer.AsSpan(used, end));
            }

            buffer.AsSpan(used, filled - used).CopyTo(buffer);
            start += used;
            filled -= used;
        }
    }

    /// <summary>Without its line feed; empty when there is none that is so short.</summary>
    public byte[] ReadFirstLine(int longest)
    {
        byte[] line = new byte[(int)Math.Min(Length, longest)];
        Read(0, line);
        int end = line.AsSpan().IndexOf((byte)'\n');
        return end < 0 ? [] : line[..end];
    }

    /// <summary>Without its line feed; empty when there is none.</summary>
    public byte[] ReadLastLine()
    {
        if (Length == 0)
        {
            return [];
        }

        long start = EndOfLine(Length - 1);
        byte[] line = new byte[Length - 1 - start];
        Read(start, line);
        return line;
    }

    public void Dispose() => _stream.Dispose();

    public delegate void LineVisitor(long offset, ReadOnlySpan<byte> line);

    private void CutOff()
    {
        RandomAccess.SetLength(_file, Length);
        _hasRemains = false;
    }

    /// <summary>Where the last line that is whole ends, looking back from <paramref name="end"/>.</summary>
    private long EndOfLine(long end)
    {
        Span<byte> buffer = stackalloc byte[4096];
        while (end > 0)
        {
            int size = (int)Math.Min(buffer.Length, end);
            Read(end - size, buffer[..size]);
            int last = buffer[..size].LastIndexOf((byte)'\n');
            if (last >= 0)
            {
                return end - size + last + 1;
            }

            end -= size;
        }

        return 0;
    }
}

using Microsoft.Win32.SafeHandles;
using SyncStorage.Sessions;

namespace SyncStorage.Server.TestIt;

/// <summary>Trouble with a file, which costs that file alone.</summary>
internal sealed class FileTroubleException(string message, Exception? cause = null) : IOException(message, cause);

/// <summary>
/// A file as long as it was when it was opened. A log that still grows, the usual attachment, would otherwise send more than was announced, and that
/// looks like a connection that broke.
/// </summary>
internal sealed class FileSnapshot : IDisposable
{
    private readonly SafeFileHandle _file;

    private FileSnapshot(SafeFileHandle file, long length) => (_file, Length) = (file, length);

    public long Length { get; }

    /// <exception cref="FileTroubleException">There is none that can be sent.</exception>
    public static FileSnapshot Open(string path, long largest)
    {
        SafeFileHandle? file = null;
        try
        {
            // Before it is opened: opening a pipe would wait for its writer.
            if (UnixFile.IsSupported && UnixFile.At(path) is { IsRegular: false })
            {
                throw new FileTroubleException("it is no regular file");
            }

            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (UnixFile.IsSupported && UnixFile.Of(file) is not { IsRegular: true })
            {
                throw new FileTroubleException("it is no regular file");
            }

            long length = RandomAccess.GetLength(file);
            return length > largest ? throw new FileTroubleException($"it has {length} bytes, and Test IT takes at most {largest}")
                // The system's own files in /proc and /sys say so, whatever can be read from them.
                : length == 0 ? throw new FileTroubleException("it is empty")
                : new FileSnapshot(file, length);
        }
        catch (Exception e)
        {
            file?.Dispose();
            throw e as FileTroubleException ?? new FileTroubleException("it cannot be read: " + e.Message, e);
        }
    }

    /// <summary>From the beginning; the file stays open.</summary>
    public Stream Read() => new Reader(this);

    public void Dispose() => _file.Dispose();

    private sealed class Reader(FileSnapshot snapshot) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => true;
        public override bool CanWrite => false;
        public override long Length => snapshot.Length;
        public override long Position { get; set; }

        public override int Read(Span<byte> buffer)
        {
            int wanted = (int)Math.Min(buffer.Length, Length - Position);
            if (wanted <= 0)
            {
                return 0;
            }

            int read;
            try
            {
                read = RandomAccess.Read(snapshot._file, buffer[..wanted], Position);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new FileTroubleException("it cannot be read: " + e.Message, e);
            }

            if (read == 0)
            {
                throw new FileTroubleException("it was shortened while it was sent");
            }

            Position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            => cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : ValueTask.FromResult(Read(buffer.Span));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
            => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin)
            => Position = offset + origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => Position, _ => Length };

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }
    }
}

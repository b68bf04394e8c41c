using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace SyncStorage.Sessions;

/// <summary>
/// Files that processes share. A reader sees the old or the new content, never a half of it. Windows replaces no file that somebody has open,
/// and opens none that is being replaced: there both try again, for a bounded time.
/// </summary>
internal static class SharedFile
{
    private const int AccessDenied = 5;
    private const int SharingViolation = 32;
    private const int LockViolation = 33;
    private const int ReplaceExisting = 1;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <returns>Null when there is none.</returns>
    /// <exception cref="IOException">It is there and cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static byte[]? Read(string path)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            // Who waits for a file asks a hundred times a second: an exception each time would slow down what it waits for.
            if (!File.Exists(path))
            {
                return null;
            }

            try
            {
                using FileStream file = Open(path);
                using var content = new MemoryStream((int)file.Length);
                file.CopyTo(content);
                return content.ToArray();
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
            catch (Exception e) when (IsBusy(e.HResult & 0xFFFF) && waited.Elapsed < Patience)
            {
                Thread.Sleep(1);
            }
        }
    }

    public static string? ReadText(string path) => Read(path) is { } content ? Encoding.UTF8.GetString(content) : null;

    /// <param name="path">Replaced if need be.</param>
    /// <param name="content">All of it.</param>
    /// <param name="ownerOnly">Private from the moment it has content.</param>
    /// <param name="patience">How long others may keep it from being replaced.</param>
    public static void Write(string path, byte[] content, bool ownerOnly = false, TimeSpan? patience = null)
        => Write(path, file => file.Write(content, 0, content.Length), ownerOnly, patience ?? Patience);

    public static void WriteText(string path, string content) => Write(path, Encoding.UTF8.GetBytes(content));

    /// <summary>Also a file that is written meanwhile.</summary>
    public static void Copy(string from, string path)
    {
        using FileStream source = Open(from);
        Write(path, source.CopyTo, ownerOnly: false, Patience);
    }

    /// <summary>For what must not stay old: where somebody has the file open and does not let go, into the file itself.</summary>
    public static void WriteLast(string path, byte[] content)
    {
        try
        {
            Write(path, content);
        }
        catch (Exception e) when (IsBusy(e.HResult & 0xFFFF))
        {
            using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            file.Write(content, 0, content.Length);
        }
    }

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);

    private static void Write(string path, Action<Stream> write, bool ownerOnly, TimeSpan patience)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 1))
            {
                if (ownerOnly)
                {
                    OwnerOnly.Restrict(temporary);
                }

                write(file);
            }

            Replace(temporary, path, patience);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static void Replace(string from, string path, TimeSpan patience)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            // netstandard2.0 has two ways: File.Move replaces nothing, and File.Replace leaves no file at all for a moment on Windows.
            bool isWindows = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);
            if (isWindows ? MoveFileEx(Long(from), Long(path), ReplaceExisting) : rename(from, path) == 0)
            {
                return;
            }

            int error = Marshal.GetLastWin32Error();
            if (!IsBusy(error) || waited.Elapsed >= patience)
            {
                string reason = $"'{path}' cannot be replaced: {new Win32Exception(error).Message}";
                throw new IOException(reason, isWindows ? unchecked((int)0x80070000) | error : error);
            }

            Thread.Sleep(1);
        }
    }

    private static bool IsBusy(int error)
        => RuntimeInformation.IsOSPlatform(OSPlatform.Windows) && error is (AccessDenied or SharingViolation or LockViolation);

    /// <summary>.NET's own methods take paths of any length; Windows's by this prefix.</summary>
    private static string Long(string path)
    {
        string full = Path.GetFullPath(path);
        return full.StartsWith(@"\\?\", StringComparison.Ordinal) ? full
            : full.StartsWith(@"\\", StringComparison.Ordinal) ? @"\\?\UNC\" + full.TrimStart('\\')
            : @"\\?\" + full;
    }

    [DllImport("kernel32", EntryPoint = "MoveFileExW", SetLastError = true, CharSet = CharSet.Unicode)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool MoveFileEx(string from, string to, int flags);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int rename(string from, string to);
}

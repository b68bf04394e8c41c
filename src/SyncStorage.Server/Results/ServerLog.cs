using System.Globalization;
using System.Text;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Results;

/// <summary>
/// server.log. Every run's folder gets one with all that concerns it: lines of the server as a whole go to the log of every
/// run, also those written before the run was opened. Never throws, never waits for a console.
/// </summary>
/// <param name="time">For the stamps.</param>
/// <param name="console">Gets every line as well, once; must not wait.</param>
internal sealed class ServerLog(TimeProvider time, Action<string>? console = null) : IDisposable
{
    private const int LongestPreface = 200;

    private readonly object _gate = new();
    private readonly List<string> _preface = [];
    private readonly Dictionary<string, FileStream> _runs = new(StringComparer.Ordinal);

    /// <summary>A line that concerns the whole server.</summary>
    public void Write(string message)
    {
        string line = StampAndShow(message);
        lock (_gate)
        {
            if (_preface.Count < LongestPreface)
            {
                _preface.Add(line);
            }

            foreach (FileStream file in _runs.Values)
            {
                WriteTo(file, line);
            }
        }
    }

    public void Write(RunFolder run, string message)
    {
        string line = StampAndShow(message);
        lock (_gate)
        {
            WriteTo(Open(run), line);
        }
    }

    public void Close(RunFolder run)
    {
        lock (_gate)
        {
            if (_runs.Remove(run.Path, out FileStream? file))
            {
                file.Dispose();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (FileStream file in _runs.Values)
            {
                file.Dispose();
            }

            _runs.Clear();
        }
    }

    private FileStream? Open(RunFolder run)
    {
        if (_runs.TryGetValue(run.Path, out FileStream? file))
        {
            return file;
        }

        try
        {
            file = new FileStream(run.LogPath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no better place to say so: the report of the run will fail to be written as well, and that is noticed.
            return null;
        }

        _runs.Add(run.Path, file);
        foreach (string line in _preface)
        {
            WriteTo(file, line);
        }

        return file;
    }

    private string StampAndShow(string message)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {ConsoleText.Escape(message.ReplaceLineEndings(" "))}");
        console?.Invoke(line);
        return line + '\n';
    }

    private static void WriteTo(FileStream? file, string line)
    {
        try
        {
            file?.Write(Encoding.UTF8.GetBytes(line));
        }
        catch (IOException)
        {
            // A full disk: the journal will notice, and its failure reaches the client.
        }
    }
}

using System.IO;
using System.Text.Json;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.TestLogger;

/// <summary>
/// Where results go that the server does not take: one batch a line, in the run's folder. A server of this run, or the next
/// one that uses the directory, takes them in; a batch that arrived after all is recognised by worker and sequence.
/// </summary>
internal sealed class SpoolFile(WorkerDescription worker)
{
    private readonly object _writing = new();
    private readonly RunFolder _folder = new(worker.Directory, worker.TestRunId);

    public string Path => _folder.SpoolPath(worker.Pid);

    /// <exception cref="IOException">The directory cannot be written.</exception>
    public void Append(ResultBatch batch)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(batch, WireJsonOut.Default.ResultBatch);
        lock (_writing)
        {
            OwnerOnly.CreateDirectory(_folder.Path);
            OwnerOnly.CreateDirectory(_folder.SpoolDirectory);
            using var file = new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.Read);
            if (file.Length == 0)
            {
                OwnerOnly.Restrict(Path);
            }

            file.Write(json, 0, json.Length);
            file.WriteByte((byte)'\n');
        }
    }
}

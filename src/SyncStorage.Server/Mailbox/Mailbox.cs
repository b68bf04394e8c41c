using System.Text;
using System.Text.Json;
using SyncStorage.Mail;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Mail;

/// <summary>
/// The mail of one run: reads what its workers' extensions append, and hands it to the run. A file may be removed once its worker has ended
/// and all of it is stored. Reading begins anew with a new server; the run knows what it has already. Not for parallel callers.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="folders">Where its mail may lie.</param>
/// <param name="coordinator">Who elects the master.</param>
/// <param name="log">For what is not understood.</param>
internal sealed class Mailbox(Run run, IReadOnlyList<string> folders, ICoordinator coordinator, ServerLog log) : IDisposable
{
    private static readonly byte[] TypeStart = Encoding.UTF8.GetBytes("{\"type\":\"");

    private readonly Dictionary<string, MailReader> _readers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    /// <summary>What has come to its end.</summary>
    public StoredMail Stored { get; } = new(folders, log);

    /// <summary>Takes all that is there. Never throws; what could not be stored comes again with the next call.</summary>
    /// <returns>True when something came that may change what is to be done: a worker has begun or ended.</returns>
    public async Task<bool> PollAsync()
    {
        FindNew();
        bool changed = false;
        foreach (MailReader reader in _readers.Values.ToList())
        {
            changed |= await TryReadAsync(reader).ConfigureAwait(false);
        }

        foreach (IGrouping<string?, MailReader> worker in _readers.Values.GroupBy(reader => reader.Pid).ToList())
        {
            if (worker.Key is { } pid && run.HasEnded(pid))
            {
                TrySettle(pid, [.. worker]);
            }
        }

        return changed;
    }

    public void Dispose()
    {
        foreach (MailReader reader in _readers.Values)
        {
            reader.Dispose();
        }
    }

    private void FindNew()
    {
        foreach (string folder in folders)
        {
            try
            {
                if (!OwnFile.IsFolder(folder))
                {
                    continue;
                }

                foreach (string path in Directory.EnumerateFiles(folder, MailFolder.Pattern))
                {
                    if (!_readers.ContainsKey(path) && !Stored.Contains(path) && OwnFile.IsRegular(path))
                    {
                        _readers.Add(path, new MailReader(path));
                    }
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Tell($"The mail in {folder} cannot be looked at: {e.Message}");
            }
        }
    }

    private async Task<bool> TryReadAsync(MailReader reader)
    {
        try
        {
            return await ReadAsync(reader).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Refusal)
        {
            Tell($"{reader.Name} cannot be taken in now and stays where it is: {e.Message}");
            return false;
        }
    }

    private async Task<bool> ReadAsync(MailReader reader)
    {
        bool changed = false;
        var results = new List<ObservedResult>();
        while (reader.Read() is { Length: > 0 } lines)
        {
            bool met = false;
            for (int start = 0, end; (end = lines.Span[start..].IndexOf((byte)'\n')) >= 0; start += end + 1)
            {
                ReadOnlyMemory<byte> line = lines.Slice(start, end);
                string type = TypeOf(line.Span);
                if (type != MailTypes.Result)
                {
                    Store(reader, results);
                }
                else if (!met && reader.Pid is { } pid && !run.IsAttested(pid))
                {
                    met = true;
                    changed |= await MeetCollectorsAsync(reader).ConfigureAwait(false);
                }

                changed |= await TakeAsync(reader, type, line, results).ConfigureAwait(false);
            }

            Store(reader, results);
            reader.Take(lines.Length);
        }

        return changed;
    }

    /// <summary>
    /// A test host is there before its first result. So whoever tells what happened to a result's test can be known when the result is taken.
    /// </summary>
    private async Task<bool> MeetCollectorsAsync(MailReader logger)
    {
        FindNew();
        bool changed = false;
        foreach (MailReader reader in _readers.Values.Where(reader => reader.Pid is null && reader != logger).ToList())
        {
            changed |= await TryReadAsync(reader).ConfigureAwait(false);
        }

        return changed;
    }

    private async Task<bool> TakeAsync(MailReader reader, string type, ReadOnlyMemory<byte> line, List<ObservedResult> results)
    {
        try
        {
            switch (type)
            {
                case MailTypes.Worker:
                    await RegisterAsync(reader, JsonSerializer.Deserialize(line.Span, ServerJson.Default.MailedWorker)!).ConfigureAwait(false);
                    return true;
                case MailTypes.Result when reader.Pid is not null:
                    results.Add(JsonSerializer.Deserialize(line.Span, WireJson.Default.ObservedResult)!);
                    return false;
                case MailTypes.Start when reader.Pid is not null && run.IsAttested(reader.Pid):
                    run.TestStarted(reader.Pid, reader.Name, line.Span);
                    return false;
                case MailTypes.End when reader.Pid is not null && run.IsAttested(reader.Pid):
                    run.TestEnded(reader.Pid, reader.Name, line.Span);
                    return false;
                case MailTypes.Trouble:
                    Tell($"{reader.Name} tells: {JsonSerializer.Deserialize(line.Span, ServerJson.Default.MailedTrouble)!.Text}");
                    return false;
                case MailTypes.Completed when reader.Pid is not null:
                    if (reader.Part == WorkerPart.Logger)
                    {
                        MailedEnd end = JsonSerializer.Deserialize(line.Span, ServerJson.Default.MailedEnd)!;
                        run.TestsEnded(reader.Pid, new WitnessedEnd(end.Reason, end.At, end.Status is not null));
                    }

                    run.SetStatus(reader.Pid, reader.Part, WorkerStatus.Completed);
                    return true;
            }
        }
        catch (JsonException e)
        {
            Tell($"A line of {reader.Name} is not understood and is left out: {e.Message}");
        }

        return false;
    }

    private async Task RegisterAsync(MailReader reader, MailedWorker worker)
    {
        if (string.IsNullOrEmpty(worker.Pid))
        {
            Tell($"{reader.Name} names no worker.");
            return;
        }

        // One part in several processes, as test hosts of several assemblies are, ends when the last of them does.
        reader.Part = worker.Part is null or WorkerPart.Logger ? WorkerPart.Logger : $"{worker.Part} {worker.ProcessId}";
        reader.Pid = worker.Pid;
        RegisterRequest request = new()
        {
            Pid = worker.Pid,
            TestRunId = run.TestRunId,
            Part = reader.Part,
            Project = worker.Project,
            TargetFramework = worker.TargetFramework,
            ProcessId = worker.ProcessId,
        };
        if (reader.Part != WorkerPart.Logger)
        {
            run.Attest(worker.Pid);
        }

        if (run.RegisterByMail(request, worker.ProcessBirth, new WorkerProject(worker.ProjectFile, worker.FrameworkOfSeveral)) is { } isMaster)
        {
            await coordinator.RegisterAsync(run, request, isMaster).ConfigureAwait(false);
        }
    }

    private void Store(MailReader reader, List<ObservedResult> results)
    {
        if (results.Count > 0)
        {
            run.Accept(reader.Pid!, results);
            results.Clear();
        }
    }

    /// <summary>
    /// A worker that has ended and of which all is stored. What its test hosts took with them is found out first; the logger's file goes
    /// last, so that a server that dies over the removal still knows which results came.
    /// </summary>
    private void TrySettle(string pid, IReadOnlyList<MailReader> files)
    {
        try
        {
            // Written a moment ago: its turn comes.
            if (files.Any(reader => reader.HasMore && reader.Read().Length > 0))
            {
                return;
            }

            run.Recover(pid);
            foreach (MailReader reader in files.OrderBy(reader => reader.Part == WorkerPart.Logger))
            {
                if (reader.HasMore)
                {
                    Tell($"The last line of {reader.Name} is not whole, because worker {pid} was ended while writing it; it is left out.");
                }

                _readers.Remove(reader.Path);
                reader.Dispose();
                Stored.Add(reader.Path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Refusal)
        {
            Tell($"The mail of worker {pid} stays where it is: {e.Message}");
        }
    }

    private static string TypeOf(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith(TypeStart))
        {
            return "";
        }

        ReadOnlySpan<byte> rest = line[TypeStart.Length..];
        int end = rest.IndexOf((byte)'"');
        return end < 0 ? "" : Encoding.ASCII.GetString(rest[..end]);
    }

    private void Tell(string message)
    {
        if (_told.Add(message))
        {
            log.Write(run.Folder, message);
        }
    }
}

using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Results;

/// <summary>A spool file of a guest: what one worker could not hand over.</summary>
internal sealed record SpooledBatch(string Path, IEnumerable<ResultBatch> Batches, bool IsTaken)
{
    /// <summary>Only after all of it is stored: results that come twice are recognised, lost ones are not.</summary>
    public void RemoveIfTaken()
    {
        if (IsTaken)
        {
            File.Delete(Path);
        }
    }
}

/// <summary>Reads spool/*.jsonl of a run.</summary>
internal static class SpoolImport
{
    private const string Taken = ".taken";

    public static bool Exists(RunFolder run) => Find(run).Length > 0;

    /// <param name="run">Whose.</param>
    /// <param name="take">False while builds go on, which may have found the files by a pattern: then they stay, to be taken later.</param>
    /// <param name="log">Where it is told.</param>
    public static IEnumerable<SpooledBatch> Read(RunFolder run, bool take, Action<string> log)
    {
        foreach (string path in Find(run))
        {
            if (!take)
            {
                log($"Results that a worker could not hand over are read from {Path.GetFileName(path)}.");
                yield return new SpooledBatch(path, ReadLines(path, log), IsTaken: false);
                continue;
            }

            // Renamed first: a guest that spools more begins a new file, so nothing is written to what is about to go.
            string taken = path.EndsWith(Taken, StringComparison.Ordinal) ? path : path + Taken;
            if (taken == path || TryTake(path, taken, log))
            {
                log($"Results that a worker could not hand over are taken from {Path.GetFileName(path)}.");
                yield return new SpooledBatch(taken, ReadLines(taken, log), IsTaken: true);
            }
        }
    }

    /// <summary>Looks without taking.</summary>
    public static IEnumerable<ResultBatch> Peek(RunFolder run)
    {
        foreach (string path in Find(run))
        {
            foreach (ResultBatch batch in ReadLines(path, _ => { }))
            {
                yield return batch;
            }
        }
    }

    private static string[] Find(RunFolder run)
        => Directory.Exists(run.SpoolDirectory)
            ? [.. Directory.GetFiles(run.SpoolDirectory, "*.jsonl"), .. Directory.GetFiles(run.SpoolDirectory, "*.jsonl" + Taken)]
            : [];

    private static bool TryTake(string path, string taken, Action<string> log)
    {
        try
        {
            // Fails while a guest has it open for writing; then its turn comes at the next import.
            using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            {
            }

            File.Move(path, taken, overwrite: false);
            return true;
        }
        catch (IOException e)
        {
            log($"{Path.GetFileName(path)} cannot be taken now: {e.Message}");
            return false;
        }
    }

    private static IEnumerable<ResultBatch> ReadLines(string path, Action<string> log)
    {
        foreach (string line in File.ReadLines(path))
        {
            ResultBatch? batch = null;
            try
            {
                batch = JsonSerializer.Deserialize(line, WireJson.Default.ResultBatch);
            }
            catch (JsonException)
            {
                // A guest was killed while it wrote: the line is a half one, and there is no more of it anywhere.
                log($"A line of {Path.GetFileName(path)} is not whole and is left out.");
            }

            if (batch is { Pid.Length: > 0, Results: not null })
            {
                yield return batch;
            }
        }
    }
}

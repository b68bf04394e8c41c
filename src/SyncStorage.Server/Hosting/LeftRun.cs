using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Hosting;

/// <summary>What the journal in a run's folder says of an earlier server.</summary>
/// <param name="TestRunId">The id that workers registered for.</param>
/// <param name="Session">Folder of its invocation; null when stand-alone.</param>
/// <param name="IsClosed">The run was ended.</param>
internal sealed record LeftRun(string TestRunId, string? Session, bool IsClosed)
{
    /// <summary>The usual case, told by the last line alone: the journal of a large run is not read for nothing.</summary>
    /// <exception cref="IOException">A living server has it.</exception>
    public static bool IsPlainlyClosed(RunFolder folder)
    {
        if (!File.Exists(folder.JournalPath))
        {
            return false;
        }

        using var journal = new Journal(folder.JournalPath);
        return journal.ReadLastKind() is RunEvents.Completed or RunEvents.Interrupted;
    }

    /// <returns>Null for a folder that is none of ours.</returns>
    /// <exception cref="IOException">A living server has it, or what its journal says cannot be relied on.</exception>
    public static LeftRun? In(RunFolder folder)
    {
        if (!File.Exists(folder.JournalPath))
        {
            return null;
        }

        LeftRun? left = null;
        using var journal = new Journal(folder.JournalPath);
        foreach (RunEvent e in journal.ReadAll())
        {
            left = e.Kind switch
            {
                RunEvents.Opened => new LeftRun(e.TestRunId ?? "", e.Session, left?.IsClosed ?? false),
                RunEvents.Completed or RunEvents.Interrupted when left is not null => left with { IsClosed = true },
                RunEvents.Reopened when left is not null => left with { IsClosed = false },
                _ => left,
            };
        }

        return left is null && File.Exists(folder.ResultsPath) && new FileInfo(folder.ResultsPath).Length > 0
            ? throw new UnusableJournalException("there are results, but its journal does not say to which run they belong")
            : left;
    }
}

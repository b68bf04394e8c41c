using SyncStorage.Protocol;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Runs;

/// <summary>A worker of a run: one test process run of ours (collector and logger), or an official client.</summary>
internal sealed class Worker(string pid)
{
    private readonly List<Part> _parts = [];

    public string Pid => pid;
    public string? Project { get; set; }
    public string? TargetFramework { get; set; }

    /// <summary>Told again by the mail after a restart, so no event.</summary>
    public WorkerProject Origin { get; set; } = new(null, null);

    public IReadOnlyList<Part> Parts => _parts;

    /// <summary>Most official clients never ping; only who has done so can be missed soon.</summary>
    public bool HasPinged { get; set; }

    public TimeSpan LastPing { get; set; }
    public TimeSpan LastSign { get; set; }
    public TimeSpan DoneSince { get; set; }

    /// <summary>Ours say which half they are or which process; official clients know neither.</summary>
    public bool IsOwn => _parts.Any(part => part.Name.Length > 0 || part.Process is not null);

    /// <summary>Hands its results to us, so a cut that it offers is followed by the result itself.</summary>
    public bool HandsResultsOver => _parts.Any(part => part.Name == WorkerPart.Logger || part.Name.StartsWith(WorkerPart.Collector, StringComparison.Ordinal));

    public bool IsDone => _parts.TrueForAll(part => part.Status != WorkerStatus.InProgress);

    /// <summary>The logger saw the results, so where there is one its end is the worker's end.</summary>
    public string Status
        => !IsDone ? WorkerStatus.InProgress
            : Find(WorkerPart.Logger)?.Status ?? (_parts.Exists(part => part.Status == WorkerStatus.Lost) ? WorkerStatus.Lost : WorkerStatus.Completed);

    public Part? Find(string name) => _parts.Find(part => part.Name == name);

    public Part GetOrAdd(string name)
    {
        Part? part = Find(name);
        if (part is null)
        {
            _parts.Add(part = new Part(name));
        }

        return part;
    }
}

/// <summary>What a worker's results are told by in other projects and frameworks.</summary>
/// <param name="ProjectFile">See <see cref="Results.ObservedResult.ProjectFile"/>.</param>
/// <param name="FrameworkOfSeveral">See <see cref="Results.ObservedResult.FrameworkOfSeveral"/>.</param>
internal sealed record WorkerProject(string? ProjectFile, string? FrameworkOfSeveral);

/// <summary>One half of a worker; an official client has a single one without a name.</summary>
internal sealed class Part(string name)
{
    public string Name => name;
    public string Status { get; set; } = WorkerStatus.InProgress;

    /// <summary>Null when it cannot be seen from here (another machine, a container), and so not be watched either.</summary>
    public ProcessIdentity? Process { get; set; }
}

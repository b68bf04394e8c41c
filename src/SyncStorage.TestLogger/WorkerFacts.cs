using System.Collections.Generic;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.TestLogger;

/// <summary>Adds to a result what only its worker knows: the project, and how many results it has had of the same name.</summary>
internal sealed class WorkerFacts(WorkerDescription worker)
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    // By 64 bits of the names: a hundred thousand names are not to be kept in a process of VSTest's.
    private readonly Dictionary<ulong, int> _seen = [];

    public ObservedResult AddTo(ObservedResult result)
    {
        // One vstest.console may run several assemblies.
        ulong name = Hash(Hash(Hash(FnvOffset, result.Source), result.FullyQualifiedName), result.DisplayName);
        int twin;
        lock (_seen)
        {
            _seen.TryGetValue(name, out twin);
            _seen[name] = twin + 1;
        }

        return result with
        {
            ProjectFile = worker.ProjectFile,
            FrameworkOfSeveral = worker.IsOneOfSeveralFrameworks ? worker.TargetFramework : null,
            Twin = twin,
        };
    }

    private static ulong Hash(ulong hash, string text)
    {
        foreach (char c in text)
        {
            hash = unchecked((hash ^ c) * FnvPrime);
        }

        return unchecked((hash ^ char.MaxValue) * FnvPrime);
    }
}

using SyncStorage.Mail;

namespace SyncStorage.TestLogger;

/// <summary>Counts how many results of the same name a worker has had: what tells rows apart that nothing else does.</summary>
internal sealed class Twins
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    // By 64 bits of the names: a hundred thousand names are not to be kept in a process of VSTest's.
    private readonly Dictionary<ulong, int> _seen = [];

    public MailedResult Number(MailedResult result)
    {
        // One vstest.console may run several assemblies.
        ulong name = Hash(Hash(Hash(FnvOffset, result.Test.Source), result.Test.FullyQualifiedName), result.DisplayName);
        lock (_seen)
        {
            _seen.TryGetValue(name, out int twin);
            _seen[name] = twin + 1;
            return result with { Twin = twin };
        }
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

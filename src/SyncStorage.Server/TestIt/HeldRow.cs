using System.Globalization;
using SyncStorage.Protocol;
using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.TestIt;

/// <summary>
/// Which of several rows with the cut's external id is the held-back one. A cut has no parameters, but all rows of a data-driven test
/// share one id; so what tells the rows apart is what their writers left there:
/// - an adapter that holds its result back posts it InProgress with the time at which it started, the one that the cut names;
/// - newer adapters post the final row themselves, which Test IT merges into the planned one or puts beside it; then nothing is to do;
/// - a row of the test plan is InProgress from the start and says nothing until a result came; older adapters leave it so and send the cut.
/// A wrong guess would give a test the outcome of another one, so without a sign no row is touched.
/// </summary>
/// <param name="Id">The row to update; null if there is none.</param>
/// <param name="IsFinal">Somebody else has made it final.</param>
/// <param name="IsUnclear">Rows are InProgress, and nothing tells which one it is.</param>
internal readonly record struct HeldRow(string? Id, bool IsFinal = false, bool IsUnclear = false)
{
    public static readonly HeldRow Final = new(null, IsFinal: true);

    private static readonly HeldRow Unclear = new(null, IsUnclear: true);

    /// <summary>Clients and servers keep times to the millisecond or better; two rows of a fast test are hardly nearer.</summary>
    private static readonly TimeSpan SameTime = TimeSpan.FromMilliseconds(1);

    public static bool IsOpen(string? statusType) => statusType?.ToUpperInvariant() is "INPROGRESS" or "PENDING";

    /// <param name="rows">All rows of the run with the cut's external id.</param>
    /// <param name="cut">What was held back.</param>
    public static HeldRow Choose(IReadOnlyList<ResultDetails> rows, TestResultCut cut)
    {
        bool saysWhen = DateTimeOffset.TryParse(cut.StartedOn, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset started);
        bool StartedThen(ResultDetails row) => saysWhen && row.StartedOn is { } start && (start - started).Duration() < SameTime;

        List<ResultDetails> final = rows.Where(row => !IsOpen(row.StatusType)).ToList();
        // A final row with the same parameters beside it: its adapter has written both, on a server that does not merge them.
        List<ResultDetails> open = rows.Where(row => IsOpen(row.StatusType) && !final.Exists(one => HaveSameParameters(one, row))).ToList();
        List<ResultDetails> named = open.FindAll(StartedThen);
        if (named.Count > 0)
        {
            return OneOf(open.FindAll(row => named.Exists(one => HaveSameParameters(one, row))));
        }

        if (open.Count == 0 || final.Exists(StartedThen))
        {
            return Final;
        }

        if (final.Count == 0)
        {
            return OneOf(open);
        }

        List<ResultDetails> posted = open.FindAll(row => !row.HasTestPoint && (row.StartedOn ?? (object?)row.DurationInMs) is not null);
        if (posted.Count > 0)
        {
            return OneOf(posted);
        }

        // The others' rows are final; the cut's is not among them, so it is the one of the plan that is left.
        bool othersOnly = saysWhen && final.TrueForAll(row => row.StartedOn is not null);
        List<ResultDetails> planned = othersOnly ? open.FindAll(row => row.HasTestPoint) : [];
        return planned.Count > 0 ? OneOf(planned) : Final;
    }

    /// <summary>A row that is bound to a test point goes before a copy of it; rows that differ in parameters are different tests.</summary>
    private static HeldRow OneOf(List<ResultDetails> candidates)
    {
        List<ResultDetails> bound = candidates.FindAll(row => row.HasTestPoint);
        List<ResultDetails> chosen = bound.Count > 0 ? bound : candidates;
        return chosen.TrueForAll(row => HaveSameParameters(row, chosen[0])) ? new HeldRow(chosen[0].Id) : Unclear;
    }

    private static bool HaveSameParameters(ResultDetails one, ResultDetails other)
    {
        IReadOnlyDictionary<string, string> left = one.Parameters ?? Nothing;
        IReadOnlyDictionary<string, string> right = other.Parameters ?? Nothing;
        return left.Count == right.Count && left.All(pair => right.TryGetValue(pair.Key, out string? value) && value == pair.Value);
    }

    private static readonly Dictionary<string, string> Nothing = [];
}

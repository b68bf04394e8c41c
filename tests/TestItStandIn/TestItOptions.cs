namespace TestItStandIn;

/// <summary>Which addresses the server knows: older ones have /api/v2, late ones (also) /adapters.</summary>
public enum Flavour
{
    V2,
    Adapters,
    Both,
}

/// <summary>What becomes of an InProgress row when a final result of the same run, configuration and external id is posted.</summary>
public enum MergeRule
{
    /// <summary>Older servers: nothing, the result is a second row.</summary>
    Never,

    /// <summary>Newer servers: the result takes the row over when the row's parameters are the result's or empty.</summary>
    EqualOrEmpty,
}

public sealed record TestItOptions
{
    /// <summary>0 = any free port.</summary>
    public int Port { get; init; }

    /// <summary>Null = plain HTTP.</summary>
    public System.Security.Cryptography.X509Certificates.X509Certificate2? Certificate { get; init; }

    public string Token { get; init; } = "standin-token";
    public Flavour Flavour { get; init; } = Flavour.V2;
    public string ProjectId { get; init; } = "11111111-1111-1111-1111-111111111111";

    /// <summary>The configurations of the project; the first is the default one.</summary>
    public IReadOnlyList<string> ConfigurationIds { get; init; } = ["22222222-2222-2222-2222-222222222222"];

    /// <summary>The run completes as soon as it has results and none is InProgress.</summary>
    public bool AutoClose { get; init; } = true;

    public MergeRule MergeRule { get; init; } = MergeRule.EqualOrEmpty;

    /// <summary>Codes of the workflow's statuses; without "Passed" a result with that code has no resolvable status.</summary>
    public IReadOnlyDictionary<string, string> Statuses { get; init; } = new Dictionary<string, string>
    {
        ["Passed"] = "Succeeded",
        ["Failed"] = "Failed",
        ["Skipped"] = "Incomplete",
        ["Blocked"] = "Incomplete",
        ["InProgress"] = "InProgress",
        ["Pending"] = "Pending",
    };

    /// <summary>Work items that exist, by global id.</summary>
    public IReadOnlyCollection<string> WorkItems { get; init; } = ["1", "2", "3", "100"];

    /// <summary>Why a result with this external id is refused (400); null = it is not.</summary>
    public Func<string, string?> RefuseResult { get; init; } = _ => null;

    /// <summary>Why an autotest with this external id is refused (400); null = it is not.</summary>
    public Func<string, string?> RefuseAutoTest { get; init; } = _ => null;

    /// <summary>Keep the text of every request; off for long runs.</summary>
    public bool RecordBodies { get; init; } = true;

    public string ConfigurationId => ConfigurationIds[0];

    /// <summary>How late an answer comes.</summary>
    public TimeSpan Latency { get; init; }
}

/// <summary>What the server does wrong. May be changed while it runs.</summary>
public sealed class Faults
{
    private int _tooManyRequests;
    private int _failures;
    private int _statuses;
    private int _cutsAfterCommit;
    private int _failuresAfterCommit;

    public TimeSpan Latency { get; set; }

    /// <summary>Share of requests (0 to 1) that are answered with 503 before anything happens.</summary>
    public double ErrorRate { get; set; }

    /// <summary>Every connection is cut at once, as if nobody were there.</summary>
    public bool Down { get; set; }

    /// <summary>Requests are taken and never answered.</summary>
    public bool BlackHole { get; set; }

    /// <summary>Every request gets 200 and a web page.</summary>
    public bool Html { get; set; }

    /// <summary>Every request gets 200 and half a JSON document.</summary>
    public bool Garbage { get; set; }

    /// <summary>Answers in the server's place: whatever a hostile one would. False = it does not.</summary>
    public Func<Microsoft.AspNetCore.Http.HttpContext, System.Threading.Tasks.Task<bool>>? AnswerInstead { get; set; }

    /// <summary>Retry-After of 429, in seconds.</summary>
    public int RetryAfterSeconds { get; set; } = 1;

    /// <summary>Only requests of which this is true are hit by the faults; all by default.</summary>
    public Func<string, string, bool> Applies { get; set; } = (_, _) => true;

    public void AnswerTooManyRequests(int times) => _tooManyRequests = times;

    /// <summary>The next requests get this status and nothing happens.</summary>
    public void AnswerStatus(int status, int times)
    {
        Status = status;
        _statuses = times;
    }

    internal int Status { get; private set; }

    public void AnswerServerError(int times) => _failures = times;

    /// <summary>The next requests are carried out, then the connection is cut without an answer.</summary>
    public void CutAfterCommit(int times) => _cutsAfterCommit = times;

    /// <summary>The next requests are carried out and answered with 502.</summary>
    public void FailAfterCommit(int times) => _failuresAfterCommit = times;

    internal bool TakeTooManyRequests() => Take(ref _tooManyRequests);
    internal bool TakeStatus() => Take(ref _statuses);
    internal bool TakeFailure() => Take(ref _failures);
    internal bool TakeCutAfterCommit() => Take(ref _cutsAfterCommit);
    internal bool TakeFailureAfterCommit() => Take(ref _failuresAfterCommit);

    private static bool Take(ref int left)
    {
        if (System.Threading.Volatile.Read(ref left) <= 0)
        {
            return false;
        }

        return System.Threading.Interlocked.Decrement(ref left) >= 0;
    }
}

namespace SyncStorage.Server.TestIt.Api;

/// <summary>Why a call to Test IT failed: what the caller has to do differs by it.</summary>
internal enum TestItError
{
    /// <summary>No answer, or none that Test IT would give: network, 5xx, 408, 429, a web page. Worth another try.</summary>
    Unreachable,

    /// <summary>401 or 403: no call with this token will do.</summary>
    TokenRefused,

    NotFound,

    /// <summary>409.</summary>
    Conflict,

    /// <summary>Any other 4xx: this body will never be taken.</summary>
    Invalid,

    /// <summary>An answer larger than any that Test IT gives, or pages without end: asking again would bring the same.</summary>
    OverBounds,
}

/// <summary>A call to Test IT failed. The text names the call and carries Test IT's own words, never the token.</summary>
internal sealed class TestItException(TestItError error, string message, Exception? cause = null) : Exception(message, cause)
{
    public TestItError Error { get; } = error;

    /// <summary>Null when there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>Test IT's own words, without the call's name.</summary>
    public string Reason { get; init; } = message;

    /// <summary>True when the request may have been carried out although its answer is missing or says otherwise.</summary>
    public bool Unclear { get; init; }

    /// <summary>How long Test IT asks us, or our circuit breaker asks the caller, to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The member paths that a 400 complains about, such as <c>[3].duration</c>.</summary>
    public string[] Members { get; init; } = [];

    public bool IsTransient => Error == TestItError.Unreachable;
}

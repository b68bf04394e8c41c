using System.Collections.Generic;

namespace SyncStorage.Sessions;

/// <summary>
/// <c>plans/{run}.json</c>, adapter mode 0: which tests Test IT asks for. Written by the server, which alone may talk to Test IT; MSBuild
/// waits for it, because the filter has to be known before VSTest starts.
/// </summary>
internal sealed record TestPlan
{
    /// <summary>A VSTest filter expression; empty when nothing can be filtered.</summary>
    public string Filter { get; init; } = "";

    /// <summary>External ids that no filter can express: their tests run only if the filter lets them.</summary>
    public IReadOnlyList<string> NotExpressible { get; init; } = [];

    /// <summary>Why there is no plan; null when there is one.</summary>
    public string? Problem { get; init; }
}

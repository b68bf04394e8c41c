using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Settings;

namespace SyncStorage.Server.Runs;

/// <summary>What a run needs from the server around it.</summary>
internal sealed record RunHost
{
    public required Clock Clock { get; init; }
    public required ServerLog Log { get; init; }
    public required IProcessTable Processes { get; init; }

    /// <summary>SyncStorageDirectory.</summary>
    public required string Directory { get; init; }

    /// <summary>Identity of the session; null when stand-alone.</summary>
    public string? Session { get; init; }

    /// <summary>The session names that run.</summary>
    public Func<string, bool> Knows { get; init; } = _ => false;

    public required Func<string, RunSettings> SettingsOf { get; init; }

    public Func<RunSettings, IDeliveryLog, string?, IResultPublisher> CreatePublisher { get; init; } = (_, _, _) => new LocalPublisher();

    /// <summary>
    /// Gives the held result of an official client, which wrote the result itself, its final status; tries until the deadline. False before
    /// it: another try is no use.
    /// </summary>
    public Func<RunSettings, RegisteredAddress?, TestResultCut, IDeliveryLog, CancellationToken, Task<bool>> FinalizeOfficial { get; init; } = (_, _, _, _, _) => Task.FromResult(true);
}

/// <summary>Where a client said that its run lies. Kept in memory only. A class, not a record: a printed record would print the token.</summary>
internal sealed class RegisteredAddress(string? baseUrl, string? privateToken)
{
    // Clients send empty texts for what they do not have.
    public string? BaseUrl { get; } = string.IsNullOrWhiteSpace(baseUrl) ? null : baseUrl.Trim();
    public string? PrivateToken { get; } = string.IsNullOrWhiteSpace(privateToken) ? null : privateToken.Trim();

    public bool IsComplete => BaseUrl is not null && PrivateToken is not null;
}

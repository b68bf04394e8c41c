using SyncStorage.Results;
using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.TestIt;

/// <summary>A status as it is sent: the type always, the code when the project's workflow has it.</summary>
internal readonly record struct SentStatus(string Type, string? Code);

/// <summary>The statuses of the project's workflow.</summary>
internal sealed class StatusCodes(IReadOnlyList<StatusModel> statuses)
{
    public static readonly SentStatus InProgress = new("InProgress", null);

    private static readonly string[] FinalTypes = ["Succeeded", "Failed", "Incomplete"];

    /// <summary>The workflow may be out of our reach (an older server, a token with few rights): the types do without it.</summary>
    public static async Task<StatusCodes> ReadAsync(TestItClient client, ProjectDetails project, Action<Diagnostic> notice, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(project.WorkflowId))
        {
            return new StatusCodes([]);
        }

        try
        {
            return new StatusCodes((await client.GetWorkflowAsync(project.WorkflowId, cancellation).ConfigureAwait(false)).Statuses ?? []);
        }
        catch (TestItException e) when (!e.IsTransient)
        {
            notice(Diagnostic.Detail($"The workflow of the project cannot be read, so results carry no status code: {e.Message}"));
            return new StatusCodes([]);
        }
    }

    /// <param name="outcome">VSTest's word.</param>
    public SentStatus Of(string outcome)
    {
        TestItStatus status = TestItStatus.Of(outcome);
        return Known(status.Type, status.Code);
    }

    /// <summary>Of a cut: its type counts, its code may be anything.</summary>
    public SentStatus Of(string? statusType, string? statusCode)
    {
        string? type = FinalTypes.FirstOrDefault(one => string.Equals(one, statusType, StringComparison.OrdinalIgnoreCase));
        if (type is null && statusCode is not null)
        {
            string? byCode = statuses.FirstOrDefault(one => string.Equals(one.Code, statusCode, StringComparison.OrdinalIgnoreCase))?.Type;
            type = FinalTypes.Contains(byCode) ? byCode : null;
        }

        type ??= statusCode?.ToUpperInvariant() switch
        {
            "PASSED" or "SUCCEEDED" => "Succeeded",
            "FAILED" => "Failed",
            _ => "Incomplete",
        };
        return Known(type, statusCode);
    }

    private SentStatus Known(string type, string? code)
        => new(type, statuses.FirstOrDefault(one => one.Type == type && string.Equals(one.Code, code, StringComparison.OrdinalIgnoreCase))?.Code);
}

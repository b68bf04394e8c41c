using SyncStorage.Protocol;

namespace SyncStorage.Server.Results;

/// <summary>Leaves everything spooled: for a dead run that is only closed.</summary>
internal sealed class NoPublisher : IResultPublisher
{
    public string? TestRunId => null;
    public string? TestRunUrl => null;

    public void Publish(StoredResult result, bool held)
    {
    }

    public void Restore(StoredResult delivered)
    {
    }

    public void ReleaseOthers()
    {
    }

    public PublisherStanding Standing => PublisherStanding.Sending;

    public void Hurry(bool hurried)
    {
    }

    public Task<bool> CompleteAsync(TestResultCut? held, CancellationToken deadline) => Task.FromResult(false);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

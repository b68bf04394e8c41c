using SyncStorage.Protocol;

namespace SyncStorage.Server.Results;

/// <summary>Local mode: the report is where results go, and storing them has put them there.</summary>
internal sealed class LocalPublisher : IResultPublisher
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

    public Task<bool> CompleteAsync(TestResultCut? held, CancellationToken deadline) => Task.FromResult(true);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

using System.Reflection;
using SyncStorage.Protocol;

namespace SyncStorage.Running;

/// <summary>What one worker says to a service, in the words of the protocol.</summary>
internal sealed class Worker
{
    private readonly SyncStorageConfig _config;
    private readonly SyncStorageOptions _options;

    public Worker(SyncStorageConfig config, SyncStorageOptions options)
    {
        _config = config;
        _options = options;
    }

    public string TestRunId => _config.TestRunId!;

    public string Pid { get; } = WorkerPid.New();

    /// <returns>True when this worker is master.</returns>
    public async Task<bool> RegisterAsync(ServiceLink link, CancellationToken cancellation)
    {
        RegisterResponse answer = await link.Client.RegisterAsync(
            new RegisterRequest
            {
                Pid = Pid,
                TestRunId = _config.TestRunId,
                // Sync Storage finalizes the held-back result itself, so it has to know where and as whom.
                BaseUrl = link.IsTrusted ? _config.BaseUrl : null,
                PrivateToken = link.IsTrusted && link.IsPrivate ? _config.PrivateToken : null,
                Project = _options.Project ?? Assembly.GetEntryAssembly()?.GetName().Name,
                TargetFramework = _options.TargetFramework,
                Part = WorkerPart.Library,
                // On another machine the number means another process.
                ProcessId = link.IsLoopback ? WorkerPid.OfThisProcess : null,
            },
            cancellation).ConfigureAwait(false);
        return answer.IsMaster;
    }

    public async Task<bool> SetStatusAsync(ServiceLink link, SyncStorageWorkerStatus status, CancellationToken cancellation)
    {
        string word = status == SyncStorageWorkerStatus.Completed ? WorkerStatus.Completed : WorkerStatus.InProgress;
        await link.Client.SetWorkerStatusAsync(
            new WorkerStatusRequest { Pid = Pid, Status = word, TestRunId = _config.TestRunId, Part = WorkerPart.Library }, cancellation).ConfigureAwait(false);
        return true;
    }

    public Task KeepAliveAsync(ServiceLink link, CancellationToken cancellation)
        => link.Client.KeepAliveAsync(new KeepAliveRequest { Pid = Pid, TestRunId = _config.TestRunId }, cancellation);

    /// <returns>True when the run's slot was free and this result has it now.</returns>
    public async Task<bool> OfferAsync(ServiceLink link, SyncStorageTestResult result, CancellationToken cancellation)
    {
        // An official service answers 200 also when the slot was taken, and keeps the first. So it is asked before; its
        // master is the only one who offers, so nobody comes in between.
        if (!link.TellsHeld && await IsTakenAsync(link, cancellation).ConfigureAwait(false))
        {
            return false;
        }

        StatusResponse answer = await link.Client.SendInProgressAsync(_config.TestRunId!, result.Cut(_config.ProjectId, Pid), cancellation).ConfigureAwait(false);
        return answer.Held ?? true;
    }

    private async Task<bool> IsTakenAsync(ServiceLink link, CancellationToken cancellation)
    {
        try
        {
            return await link.Client.IsPublishedAsync(_config.TestRunId!, cancellation).ConfigureAwait(false);
        }
        catch (SyncStorageClientException e) when (e.Status is 404 or 405)
        {
            // Older services do not know the question.
            return false;
        }
    }
}

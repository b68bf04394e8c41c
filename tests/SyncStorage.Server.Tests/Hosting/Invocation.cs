using System.Text.Json;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Sessions;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>One `dotnet test` as the server sees it: a session with a lease, a worker that hands results over, and the end.</summary>
internal sealed class Invocation(string directory, int testItPort, string? runId = null, int completionTimeout = 20)
{
    public static readonly Dictionary<string, string> Token = new() { ["TMS_PRIVATE_TOKEN"] = new TestItOptions().Token };

    public string RunId { get; } = runId ?? Guid.NewGuid().ToString();

    /// <summary>1 = into a given run, 2 = into one that it creates.</summary>
    public int AdapterMode { get; init; } = 1;

    /// <summary>The server's process, once it is started.</summary>
    public int ServerId { get; private set; }

    /// <summary>Test IT's address; null = http on the port.</summary>
    public string? Url { get; init; }

    public bool CertValidation { get; init; } = true;

    public Report Report => ReadReport(directory, RunId);

    /// <param name="first">Number of its first result: the same number is the same test.</param>
    /// <param name="meanwhile">Called between the first half of the results and the second.</param>
    public async Task RunAsync(int results, int first = 0, Func<Task>? meanwhile = null)
    {
        // Where sessions lie: another server takes no other folder for one that is needed.
        Session session = Session.ForKey("invocation " + Guid.NewGuid());
        session.WriteRun(new RunSettings
        {
            TestRunId = RunId, TestRunIdGiven = true, Publish = true, Url = Url ?? $"http://127.0.0.1:{testItPort}", CertValidation = CertValidation, AdapterMode = AdapterMode,
            ProjectId = new TestItOptions().ProjectId, ConfigurationId = new TestItOptions().ConfigurationId,
        });
        using SessionLease lease = session.TakeLease();
        using ServerProcess server = ServerProcess.StartWith(
            Token, "--session", session.Directory, "--directory", directory, "--completionTimeout", completionTimeout.ToString(provider: null), "--testRunId", RunId, "--port", "0");
        ServerId = server.Process.Id;
        using (var worker = new MailingWorker(new RunFolder(directory, RunId).MailDirectory, RunId, "worker-" + Guid.NewGuid().ToString("N"), session.Identity))
        {
            worker.Send(first, results / 2);
            if (meanwhile is not null)
            {
                await meanwhile();
            }

            worker.Send(first + (results / 2), results - (results / 2));
            worker.Complete();
        }

        // The build's node waits for the server's end; here only for its start, which takes the folder.
        Assert.IsNotNull(await session.WaitForServerAsync(TimeSpan.FromSeconds(30)));
        lease.Dispose();
        Assert.AreEqual(0, await server.WaitForExitAsync());
    }

    public static Report ReadReport(string directory, string runId)
        => Report.Read(new RunFolder(directory, runId).ReportPath);
}

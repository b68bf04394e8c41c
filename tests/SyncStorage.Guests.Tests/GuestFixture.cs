using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Guests.Tests;

/// <summary>A session with one worker, as MSBuild would have laid it out, in a folder that goes away with the test.</summary>
internal sealed class GuestFixture : IDisposable
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), "guests-" + Guid.NewGuid().ToString("N"));

    public GuestFixture(string testEvents = "Auto", int startupTimeout = 1)
    {
        Session = Session.At(Path.Combine(_root, "session"));
        Worker = new WorkerDescription
        {
            Pid = "1-2-3",
            TestRunId = "run 1",
            Project = "Shop.Tests",
            TargetFramework = "net10.0",
            TestEvents = testEvents,
            Directory = Path.Combine(_root, "TestResults", "SyncStorage"),
            ProjectId = "a-project",
            StartupTimeout = startupTimeout,
        };
        Session.WriteWorker(Worker);
    }

    public Session Session { get; }
    public WorkerDescription Worker { get; }

    /// <summary>What the guest told its host.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    public string SpoolPath => new RunFolder(Worker.Directory, Worker.TestRunId).SpoolPath(Worker.Pid);

    public IReadOnlyList<ObservedResult> Spooled => !File.Exists(SpoolPath)
        ? []
        : File.ReadAllLines(SpoolPath).SelectMany(line => JsonSerializer.Deserialize(line, WireJson.Default.ResultBatch)!.Results).ToList();

    public GuestSession Join() => GuestSession.Join(Configuration, () => throw new InvalidOperationException("attached guests need no console"))!;

    public Dictionary<string, string> Configuration => new() { ["Session"] = Session.Directory, ["Worker"] = Worker.Pid };

    /// <summary>A state file of a server that is not there any more, as a kill leaves it.</summary>
    public void LeaveStateOfDeadServer()
    {
        const int NoProcess = int.MaxValue - 1;
        Session.WriteStarted(NoProcess);
        Session.Write(Session.ServerStatePath, JsonSerializer.SerializeToUtf8Bytes(new ServerState { ProcessId = NoProcess, Url = "http://127.0.0.1:9", Secret = "s" }, WireJson.Default.ServerState));
    }

    public void Dispose() => Folders.Remove(_root);
}

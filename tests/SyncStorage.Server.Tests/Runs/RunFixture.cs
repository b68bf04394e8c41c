using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Tests.Runs;

/// <summary>A run with its files, on a fake clock, with a publisher that writes down what it is given.</summary>
internal sealed class RunFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ServerLog _log;
    private readonly bool _publishes;
    private readonly IForeignSlot? _slot;

    public RunFixture(bool publishes, IForeignSlot? slot = null)
    {
        _publishes = publishes;
        _slot = slot;
        _log = new ServerLog(Time);
        Run = Open();
    }

    public JumpingTime Time { get; } = new();
    public RecordingPublisher Publisher { get; private set; } = new();
    public FakeProcesses Processes { get; } = new();
    public Run Run { get; private set; }
    public ServerLog Log => _log;
    public RunFolder Folder => new(_folder.Path, "R");

    public bool Register(string pid) => Run.Register(new RegisterRequest { Pid = pid, TestRunId = "R", Part = WorkerPart.Logger, Project = "P", TargetFramework = "net10.0" });

    public void HandOver(string pid, params long[] sequences)
        => Run.Accept(pid, sequences.Select(sequence => Result(sequence)).ToList());

    public static ObservedResult Result(long sequence, string outcome = "Passed") => new()
    {
        Sequence = sequence,
        TestCaseId = "case-" + sequence,
        FullyQualifiedName = "N.C.M" + sequence,
        Outcome = outcome,
        StartedOn = DateTimeOffset.UnixEpoch,
        CompletedOn = DateTimeOffset.UnixEpoch,
    };

    public void Complete(string pid) => Run.SetStatus(pid, WorkerPart.Logger, WorkerStatus.Completed);

    public Task FinishAsync(bool interrupted = false) => Run.FinishAsync(interrupted, CancellationToken.None);

    /// <summary>As after kill -9: nothing is flushed or closed in order.</summary>
    public void RestartServer()
    {
        Run.Dispose();
        Publisher = new RecordingPublisher();
        Run = Open();
        Run.Pass();
    }

    public Report ReadReport() => Report.Read(Folder.ReportPath);

    public List<JsonElement> ReadResults() => File.ReadAllLines(Folder.ResultsPath).Select(line => JsonDocument.Parse(line).RootElement.Clone()).ToList();

    /// <summary>How often something was decided, by its line in server.log: the journal is locked while the run lives.</summary>
    public int CountEvents(string kind)
    {
        string line = kind switch
        {
            RunEvents.Held => " Held back: ",
            RunEvents.HeldFinalized => " The held-back result is final.",
            RunEvents.Reopened => " Run R opened again.",
            _ => $" Run R {kind}: ",
        };
        using var log = new StreamReader(new FileStream(Folder.LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return log.ReadToEnd().Split('\n').Count(text => text.Contains(line, StringComparison.Ordinal));
    }

    public void Dispose()
    {
        Run.Dispose();
        _log.Dispose();
        _folder.Dispose();
    }

    private Run Open() => new("R", Folder, new RunHost
    {
        Clock = new Clock(Time),
        Log = _log,
        Processes = Processes,
        Directory = _folder.Path,
        SettingsOf = id => new RunSettings { TestRunId = id, Publish = _publishes, Url = "http://testit", ProjectId = "project" },
        CreatePublisher = (_, log, _) => Publisher.For(log),
    }, _slot);
}

/// <summary>A clock whose time of day can be set without any time passing, as users and time servers do.</summary>
internal sealed class JumpingTime : FakeTimeProvider
{
    private TimeSpan _jumped;

    public void Jump(TimeSpan by) => _jumped += by;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _jumped;

    public override long GetTimestamp() => base.GetUtcNow().UtcTicks;
}

internal sealed class FakeProcesses : IProcessTable
{
    public Dictionary<int, string> Alive { get; } = [];

    public ProcessIdentity? Find(int processId) => Alive.GetValueOrDefault(processId) is { } birth ? new ProcessIdentity(processId, birth) : null;
}

internal sealed class RecordingPublisher : IResultPublisher
{
    private IDeliveryLog? _log;

    public List<(long Index, bool Held)> Published { get; } = [];
    public List<long> Restored { get; } = [];
    public bool Released { get; private set; }
    public Func<long, Delivery> Fate { get; set; } = _ => Delivery.Sent;
    public bool FailsAtEnd { get; set; }
    public TestResultCut? Finalized { get; private set; }

    /// <summary>How often the run was closed.</summary>
    public int Completions { get; private set; }
    public string? TestRunId => null;
    public string? TestRunUrl => null;

    public RecordingPublisher For(IDeliveryLog log)
    {
        _log = log;
        return this;
    }

    public void Publish(StoredResult result, bool held)
    {
        Published.Add((result.Index, held));
        Delivery fate = Fate(result.Index);
        if (fate != Delivery.Pending)
        {
            _log!.Posting([result.Index]);
            _log.Delivered(result.Index, fate);
        }
    }

    public void Restore(StoredResult delivered) => Restored.Add(delivered.Index);

    public PublisherStanding Standing { get; set; } = PublisherStanding.Sending;

    public bool IsHurried { get; private set; }

    public void Hurry(bool hurried) => IsHurried = hurried;

    public void ReleaseOthers() => Released = true;

    public Task<bool> CompleteAsync(TestResultCut? held, CancellationToken deadline)
    {
        Finalized = held;
        Completions++;
        return FailsAtEnd ? throw new InvalidOperationException("the publisher is broken") : Task.FromResult(true);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

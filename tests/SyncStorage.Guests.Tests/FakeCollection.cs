using System;
using System.Collections.Concurrent;
using System.Xml;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.DataCollection;
using SyncStorage.Collector;
using SyncStorage.Sessions;

namespace SyncStorage.Guests.Tests;

/// <summary>The datacollector process as a collector sees it.</summary>
internal sealed class FakeCollection : DataCollectionEvents, IDisposable
{
    private static readonly DataCollectionContext Context = new(Test());
    private readonly SyncStorageCollector _collector;

    private FakeCollection(Func<TestConsole> console, CollectorTimings? timings)
        => _collector = new SyncStorageCollector(console, timings ?? new CollectorTimings());

    public override event EventHandler<TestHostLaunchedEventArgs>? TestHostLaunched { add { } remove { } }
    public override event EventHandler<SessionStartEventArgs>? SessionStart;
    public override event EventHandler<SessionEndEventArgs>? SessionEnd;
    public override event EventHandler<TestCaseStartEventArgs>? TestCaseStart;
    public override event EventHandler<TestCaseEndEventArgs>? TestCaseEnd;

    /// <summary>What VSTest got, which may become an error of the build: nothing, ever.</summary>
    public ConcurrentQueue<string> Warnings { get; } = new();

    public bool WatchesTests => TestCaseStart is not null || TestCaseEnd is not null;

    public static FakeCollection Attach(GuestFixture guest, CollectorTimings? timings = null)
        => Attach($"<Configuration><Session>{GuestConfiguration.Encode(guest.Session.Directory)}</Session><Worker>{guest.Worker.Pid}</Worker><Unknown>x</Unknown></Configuration>", timings: timings);

    public static FakeCollection Attach(string configuration, Func<TestConsole>? console = null, CollectorTimings? timings = null)
    {
        var document = new XmlDocument();
        document.LoadXml(configuration);
        var host = new FakeCollection(console ?? TestConsole.Parent, timings);
        host._collector.Initialize(document.DocumentElement, host, new Sink(), new Logger(host.Warnings), new DataCollectionEnvironmentContext(Context));
        host.SessionStart?.Invoke(host, new SessionStartEventArgs());
        return host;
    }

    public static TestCase Test(string name = "N.C.Adds") => new(name, new Uri("executor://mstestadapter/v4"), "/tests/Shop.Tests.dll");

    public void Run(TestCase test, TestOutcome outcome = TestOutcome.Passed)
    {
        Start(test);
        Finish(test, outcome);
    }

    public void Start(TestCase test) => TestCaseStart?.Invoke(this, new TestCaseStartEventArgs(Context, test));

    public void Finish(TestCase test, TestOutcome outcome = TestOutcome.Passed)
        => TestCaseEnd?.Invoke(this, new TestCaseEndEventArgs(Context, test, outcome));

    public void End() => SessionEnd?.Invoke(this, new SessionEndEventArgs(Context));

    public void Dispose() => _collector.Dispose();

    private sealed class Logger(ConcurrentQueue<string> warnings) : DataCollectionLogger
    {
        public override void LogError(DataCollectionContext context, string text) => warnings.Enqueue("error " + text);

        public override void LogError(DataCollectionContext context, string text, Exception exception) => warnings.Enqueue("error " + text);

        public override void LogWarning(DataCollectionContext context, string text) => warnings.Enqueue(text);
    }

    private sealed class Sink : DataCollectionSink
    {
        public override event System.ComponentModel.AsyncCompletedEventHandler? SendFileCompleted { add { } remove { } }

        public override void SendFileAsync(FileTransferInformation fileTransferInformation) => throw new NotSupportedException();
    }
}

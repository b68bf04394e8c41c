using System.Collections.ObjectModel;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Client;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Logging;

namespace SyncStorage.Guests.Tests;

/// <summary>Raises the events of a run in the order that a test asks for.</summary>
internal sealed class FakeTestRun : TestLoggerEvents
{
    public override event EventHandler<TestRunMessageEventArgs>? TestRunMessage;
    public override event EventHandler<TestRunStartEventArgs>? TestRunStart;
    public override event EventHandler<TestResultEventArgs>? TestResult;
    public override event EventHandler<TestRunCompleteEventArgs>? TestRunComplete;
    public override event EventHandler<DiscoveryStartEventArgs>? DiscoveryStart { add { } remove { } }
    public override event EventHandler<TestRunMessageEventArgs>? DiscoveryMessage { add { } remove { } }
    public override event EventHandler<DiscoveredTestsEventArgs>? DiscoveredTests { add { } remove { } }
    public override event EventHandler<DiscoveryCompleteEventArgs>? DiscoveryComplete { add { } remove { } }

    public static TestResult Result(string name = "N.C.Adds", TestOutcome outcome = TestOutcome.Passed)
        => new(new TestCase(name, new Uri("executor://mstestadapter/v4"), "/tests/Shop.Tests.dll")) { Outcome = outcome };

    public void Start() => TestRunStart?.Invoke(this, new TestRunStartEventArgs(new TestRunCriteria(["/tests/Shop.Tests.dll"], 10)));

    public void Message() => TestRunMessage?.Invoke(this, new TestRunMessageEventArgs(TestMessageLevel.Informational, "hello"));

    public void Finish(TestResult result) => TestResult?.Invoke(this, new TestResultEventArgs(result));

    public void Complete() => TestRunComplete?.Invoke(this, new TestRunCompleteEventArgs(null, false, false, null, new Collection<AttachmentSet>(), TimeSpan.FromSeconds(1)));
}

using System.Collections.Concurrent;
using System.Xml;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.DataCollection;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.DataCollector.InProcDataCollector;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.InProcDataCollector;
using SyncStorage.Mail;
using SyncStorage.VSTest;

namespace SyncStorage.Collector;

/// <summary>
/// VSTest data collector of Sync Storage, in the test host: writes down which test starts and which has ended, so that a host that dies
/// takes nothing with it. A guest in the user's own process: it waits for nobody, throws nothing and has nothing to say on the console.
/// Tests that run in parallel call it from several threads.
/// </summary>
public sealed class SyncStorageCollector : InProcDataCollection
{
    private const string Part = "collector";
    private const int MostTroubles = 10;

    private readonly ConcurrentQueue<string> _troubles = new();
    private MailFile? _mail;
    private long _starts = -1;
    private long _ends = -1;

    /// <summary>Called by VSTest.</summary>
    public void Initialize(IDataCollectionSink dataCollectionSink)
    {
    }

    /// <summary>Called by VSTest.</summary>
    public void TestSessionStart(TestSessionStartArgs testSessionStartArgs) => Guarded(() =>
    {
        (string session, string worker) = WorkerOf(testSessionStartArgs.Configuration);
        if (_mail is not null || MailAddress.Read(session, worker) is not { } address)
        {
            return;
        }

        var mail = new MailFile(address.Folder, worker, Part, Warn);
        mail.Write(MailLines.Worker(address, worker, Part));
        _mail = mail;
    });

    /// <summary>Called by VSTest.</summary>
    public void TestCaseStart(TestCaseStartArgs testCaseStartArgs) => Guarded(() =>
        _mail?.Write(MailLines.Start(MailedTests.Of(testCaseStartArgs.TestCase), Interlocked.Increment(ref _starts), DateTimeOffset.UtcNow)));

    /// <summary>Called by VSTest.</summary>
    public void TestCaseEnd(TestCaseEndArgs testCaseEndArgs) => Guarded(() =>
    {
        MailedTest test = MailedTests.Of(testCaseEndArgs.DataCollectionContext.TestCase);
        _mail?.Write(MailLines.End(test, Interlocked.Increment(ref _ends), DateTimeOffset.UtcNow, testCaseEndArgs.TestOutcome.ToString()));
    });

    /// <summary>Called by VSTest.</summary>
    public void TestSessionEnd(TestSessionEndArgs testSessionEndArgs) => Guarded(() =>
    {
        // A copy: what cannot be written is trouble again.
        foreach (string trouble in _troubles.ToArray())
        {
            _mail?.Write(MailLines.Trouble(trouble));
        }

        _mail?.Write(MailLines.Completed());
        _mail?.Dispose();
    });

    /// <summary>MSBuild says whose collector this is; where none ran, the worker's logger does, which runs in the process that starts this one.</summary>
    private static (string Session, string Worker) WorkerOf(string? configuration)
    {
        string session = Environment.GetEnvironmentVariable(MailAddress.SessionVariable) ?? "";
        string worker = Environment.GetEnvironmentVariable(MailAddress.WorkerVariable) ?? "";
        if (!string.IsNullOrEmpty(configuration))
        {
            var document = new XmlDocument { XmlResolver = null };
            document.LoadXml(configuration);
            session = document.DocumentElement!["Session"]?.InnerText ?? session;
            worker = document.DocumentElement["Worker"]?.InnerText ?? worker;
        }

        return (session, worker);
    }

    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            Warn("the collector missed something", e);
        }
    }

    /// <summary>Told at the end, if the mail can be written by then: console and trace are the user's.</summary>
    private void Warn(string trouble, Exception? cause)
    {
        if (_troubles.Count < MostTroubles)
        {
            _troubles.Enqueue(cause is null ? trouble : $"{trouble}: {cause.Message}");
        }
    }
}

using SyncStorage.Mail;

namespace SyncStorage.Testing;

/// <summary>A worker as the server sees it: what its logger would write.</summary>
internal sealed class MailingWorker : IDisposable
{
    private const string Part = "logger";

    private readonly MailFile _mail;

    public MailingWorker(string folder, string testRunId, string pid, string session = "")
    {
        _mail = new MailFile(folder, pid, Part, (text, cause) => throw new InvalidOperationException(text, cause));
        _mail.Write(MailLines.Worker(new MailAddress(folder, testRunId, "P", "net10.0", session), pid, Part));
    }

    public MailingWorker Send(int first, int count)
    {
        foreach (int number in Enumerable.Range(first, count))
        {
            Send(Numbered(number), number);
        }

        return this;
    }

    public MailingWorker Send(MailedResult result, long sequence)
    {
        _mail.Write(MailLines.Result(result, sequence));
        return this;
    }

    public void Complete() => _mail.Write(MailLines.Completed(DateTimeOffset.UtcNow, aborted: false, reason: null));

    public void Dispose() => _mail.Dispose();

    /// <summary>As a small test gives it; the same number is the same test.</summary>
    public static MailedResult Numbered(int number) => new()
    {
        Test = new MailedTest
        {
            TestCaseId = "case-" + number,
            FullyQualifiedName = $"N.C.M{number}",
            DisplayName = "M" + number,
            ExecutorUri = "executor://mstestadapter/v4",
            Source = "/home/user/tests.dll",
        },
        DisplayName = "M" + number,
        Outcome = "Passed",
        StartedOn = DateTimeOffset.UnixEpoch,
        CompletedOn = DateTimeOffset.UnixEpoch,
        DurationMs = 5,
        StandardOutput = "a line of output as tests like to print it",
    };
}

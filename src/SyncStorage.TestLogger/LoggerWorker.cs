using System.Globalization;
using System.Text;
using SyncStorage.Mail;

namespace SyncStorage.TestLogger;

/// <summary>The logger's half of a worker: writes down results as they come, and that the tests have ended. Knows no VSTest.</summary>
internal sealed class LoggerWorker : IDisposable
{
    private const string Part = "logger";

    private readonly string _pid;
    private readonly MailFile _mail;
    private long _results;

    /// <param name="address">Where its mail goes.</param>
    /// <param name="pid">The worker's.</param>
    /// <param name="warnings">Where trouble is told.</param>
    public LoggerWorker(MailAddress address, string pid, Warnings warnings)
    {
        _pid = pid;
        _mail = new MailFile(address.Folder, pid, Part, warnings.Warn);
        _mail.Write(MailLines.Worker(address, pid, Part));
    }

    public void Add(MailedResult result, long sequence)
    {
        _mail.Write(MailLines.Result(result, sequence));
        Interlocked.Increment(ref _results);
    }

    /// <summary>Everything is written down that ever will be.</summary>
    /// <param name="aborted">The tests did not end by themselves.</param>
    /// <param name="reason">VSTest's last words about trouble; null if there were none.</param>
    public void Complete(bool aborted, string? reason)
    {
        _mail.Write(MailLines.Completed(DateTimeOffset.UtcNow, aborted, reason));
        Dispose();
    }

    public void Dispose() => _mail.Dispose();

    /// <param name="testRunId">Empty when it is not known.</param>
    /// <returns>The line for the console.</returns>
    public string Summary(string testRunId)
    {
        long missing = _mail.Lost + _mail.Refused;
        var line = new StringBuilder("Sync Storage: ")
            .Append(testRunId.Length == 0 ? "" : $"run {testRunId}, ")
            .Append($"worker {_pid}: ")
            .Append(Math.Max(0, Interlocked.Read(ref _results) - missing).ToString(CultureInfo.InvariantCulture))
            .Append(" results handed over");
        return missing > 0 ? line.Append($", {missing} lost").ToString() : line.ToString();
    }
}

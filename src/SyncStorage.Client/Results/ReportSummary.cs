using System.Text;
using System.Text.Json;
using SyncStorage.Sessions;

namespace SyncStorage.Results;

/// <summary>What the user reads at the end of the run: the report in one line, then what went wrong.</summary>
internal static class ReportSummary
{
    /// <returns>Null where there is no report; a report that is not final is not quoted, but what is wrong with it said.</returns>
    public static string? Of(RunFolder run)
    {
        if (!File.Exists(run.ReportPath))
        {
            return null;
        }

        try
        {
            Report report = Report.Read(run.ReportPath);
            return report.IsFinal ? Quote(report, run.ReportPath)
                : ConsoleText.Line(IsHeld(run) ? Diagnostics.RunGoesOn(report.TestRunId, run.ReportPath) : Diagnostics.FinalReportNotWritten(report.TestRunId, run.ReportPath));
        }
        catch (JsonException e)
        {
            return ConsoleText.Line(Diagnostics.NoReport(run.ReportPath, e.Message));
        }
    }

    public static bool IsFinal(RunFolder run)
    {
        try
        {
            return Report.Read(run.ReportPath).IsFinal;
        }
        catch (Exception e) when (e is FileNotFoundException or JsonException)
        {
            return false;
        }
    }

    /// <summary>A living server holds its runs' journals.</summary>
    private static bool IsHeld(RunFolder run)
    {
        try
        {
            ExclusiveFile.Open(run.JournalPath, FileMode.Open).Dispose();
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static string Quote(Report report, string reportPath)
    {
        string master = "none";
        // No LINQ: MSBuild would compile it while the user waits.
        foreach (ReportedWorker worker in report.Workers)
        {
            master = worker.IsMaster ? worker.Pid : master;
        }

        ReportedResults results = report.Results;
        var text = new StringBuilder()
            .Append($"Sync Storage: run {ConsoleText.Escape(report.TestRunId)} {report.State}, {report.Workers.Count} workers, master {ConsoleText.Escape(master)}; ")
            .Append($"{results.Observed} results: {results.Sent} sent, {results.Spooled} spooled, {results.Rejected} rejected; {reportPath}");
        if (report.TestRunUrl is { } url)
        {
            text.AppendLine().Append($"Sync Storage: {ConsoleText.Escape(url)}");
        }

        foreach (Diagnostic notice in report.Notices)
        {
            // Without the word "warning": where `dotnet test` runs inside another build, that one would read a warning of its own out of the
            // line, and fail under -warnaserror.
            text.AppendLine().Append(ConsoleText.Line(notice));
        }

        return text.ToString();
    }
}

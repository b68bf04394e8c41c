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
        if (SharedFile.Read(run.ReportPath) is not { } content)
        {
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement report = document.RootElement;
            return report.GetProperty("state").GetString() != "running" ? Quote(report, run.ReportPath)
                : IsHeld(run) ? $"Sync Storage: SYNC0009: run {ConsoleText.Escape(report.GetProperty("testRunId").GetString()!)} goes on in another invocation; {run.ReportPath} will tell its end"
                : $"Sync Storage: SYNC0004: the final report of run {ConsoleText.Escape(report.GetProperty("testRunId").GetString()!)} could not be written (is the disk full?); {run.ReportPath} is from the middle of the run. The next run in this directory completes it.";
        }
        catch (JsonException e)
        {
            return $"Sync Storage: SYNC0004: {run.ReportPath} is no report: {ConsoleText.Escape(e.Message)}";
        }
    }

    public static bool IsFinal(RunFolder run)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(SharedFile.Read(run.ReportPath) ?? []);
            return document.RootElement.GetProperty("state").GetString() != "running";
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>A living server holds its runs' journals.</summary>
    private static bool IsHeld(RunFolder run)
    {
        try
        {
            new FileStream(run.JournalPath, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
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

    private static string Quote(JsonElement report, string reportPath)
    {
        JsonElement results = report.GetProperty("results");
        JsonElement workers = report.GetProperty("workers");
        string master = "none";
        // No LINQ over these structs: MSBuild would compile it while the user waits.
        foreach (JsonElement worker in workers.EnumerateArray())
        {
            if (worker.GetProperty("isMaster").GetBoolean())
            {
                master = worker.GetProperty("pid").GetString()!;
            }
        }

        var text = new StringBuilder()
            .Append($"Sync Storage: run {ConsoleText.Escape(report.GetProperty("testRunId").GetString()!)} {report.GetProperty("state").GetString()}, {workers.GetArrayLength()} workers, master {ConsoleText.Escape(master)}; ")
            .Append($"{results.GetProperty("observed")} results: {results.GetProperty("sent")} sent, {results.GetProperty("spooled")} spooled, {results.GetProperty("rejected")} rejected; {reportPath}");
        if (report.TryGetProperty("testRunUrl", out JsonElement url) && url.ValueKind == JsonValueKind.String)
        {
            text.AppendLine().Append($"Sync Storage: {ConsoleText.Escape(url.GetString()!)}");
        }

        if (report.TryGetProperty("notices", out JsonElement notices) && notices.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement notice in notices.EnumerateArray())
            {
                // Without the word "warning": where `dotnet test` runs inside another build, that one would read a warning of its own out of the
                // line, and fail under -warnaserror.
                text.AppendLine().Append($"Sync Storage: {ConsoleText.Escape(notice.GetString() ?? "")}");
            }
        }

        return text.ToString();
    }

    /// <summary>What of a report carries a code: "SYNC0015: ...".</summary>
    public static IReadOnlyList<string> NoticesIn(string reportPath)
    {
        using JsonDocument report = JsonDocument.Parse(SharedFile.Read(reportPath) ?? throw new FileNotFoundException("There is no report.", reportPath));
        return report.RootElement.TryGetProperty("notices", out JsonElement notices) && notices.ValueKind == JsonValueKind.Array
            ? notices.EnumerateArray().Select(notice => notice.GetString() ?? "").Where(notice => notice.StartsWith("SYNC", System.StringComparison.Ordinal)).ToList()
            : [];
    }
}

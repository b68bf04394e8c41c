using System.IO;
using System.Text;
using System.Text.Json;

namespace SyncStorage.Results;

/// <summary>What the user reads at the end of the run: the report in one line, then what went wrong.</summary>
internal static class ReportSummary
{
    public static string Of(string reportPath)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(reportPath));
        JsonElement report = document.RootElement;
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
                // What carries no code is no trouble, but news.
                string line = ConsoleText.Escape(notice.GetString() ?? "");
                text.AppendLine().Append(line.StartsWith("SYNC", System.StringComparison.Ordinal) ? $"warning {line}" : $"Sync Storage: {line}");
            }
        }

        return text.ToString();
    }
}

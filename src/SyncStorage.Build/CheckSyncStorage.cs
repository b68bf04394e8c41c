using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace SyncStorage.Build;

/// <summary>
/// Runs after a project's tests and only under SyncStorageFailOnError: waits until the results so far are delivered, and turns what
/// the server noticed into errors. (At the end of the build it would be too late: nothing can fail it there.)
/// </summary>
public sealed class CheckSyncStorage : Task
{
    /// <summary>report.json of the run.</summary>
    [Required]
    public string Report { get; set; } = "";

    /// <summary>The worker whose tests have just ended.</summary>
    [Required]
    public string Worker { get; set; } = "";

    /// <summary>Seconds to wait for the delivery.</summary>
    public int Timeout { get; set; } = 100;

    /// <inheritdoc />
    public override bool Execute()
    {
        var diagnostics = new Diagnostics(Log, BuildEngine, failOnError: true);
        try
        {
            var waited = Stopwatch.StartNew();
            Standing standing = Standing.Read(Report, Worker);
            while (!standing.IsSettled && waited.Elapsed < TimeSpan.FromSeconds(Timeout))
            {
                // The server replaces the report at most once a second while the run goes on.
                System.Threading.Tasks.Task.Delay(TimeSpan.FromMilliseconds(100)).GetAwaiter().GetResult();
                standing = Standing.Read(Report, Worker);
            }

            foreach (string notice in standing.Notices)
            {
                diagnostics.FromServer(notice.Split(':')[0], notice.Substring(notice.IndexOf(':') + 1).Trim());
            }

            if (!standing.IsSettled)
            {
                diagnostics.ServerNotStarted($"the results of worker {Worker} were not delivered within {Timeout} s ({Report}).");
            }
        }
        catch (Exception e)
        {
            diagnostics.ServerNotStarted(e.Message);
        }

        return !Log.HasLoggedErrors;
    }

    private sealed record Standing(bool IsSettled, string[] Notices)
    {
        public static Standing Read(string path, string worker)
        {
            if (!File.Exists(path))
            {
                return new Standing(false, []);
            }

            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement report = document.RootElement;
            JsonElement results = report.GetProperty("results");
            int Count(string name) => results.GetProperty(name).GetInt32();
            bool ended = report.GetProperty("workers").EnumerateArray()
                .Any(w => w.GetProperty("pid").GetString() == worker && w.GetProperty("status").GetString() != "in_progress");
            string[] notices = report.TryGetProperty("notices", out JsonElement list)
                ? list.EnumerateArray().Select(n => n.GetString()!).Where(n => n.StartsWith("SYNC", StringComparison.Ordinal)).ToArray()
                : [];
            return new Standing(notices.Length > 0 || (ended && Count("observed") == Count("sent") + Count("spooled") + Count("rejected")), notices);
        }
    }
}

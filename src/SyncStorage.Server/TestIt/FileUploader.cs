using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Server.TestIt.Content;

namespace SyncStorage.Server.TestIt;

/// <summary>Uploads files once per run. A file that cannot be uploaded is missing in its result, with a line in the log; it never stops the result.</summary>
internal sealed class FileUploader(TestItClient client, Action<string?, string> notice)
{
    /// <summary>Test IT's id by what the file is; empty for one that cannot be uploaded.</summary>
    private readonly ConcurrentDictionary<TestFile, string> _ids = [];

    private int _isTold;

    /// <returns>Ids of the files that Test IT has.</returns>
    public async Task<IReadOnlyDictionary<TestFile, string>> UploadAsync(ResultContent content, CancellationToken cancellation)
    {
        var ids = new Dictionary<TestFile, string>();
        foreach (TestFile file in content.Files.Concat(TestStep.FilesOf([.. content.Steps, .. content.Setup, .. content.Teardown])))
        {
            if (ids.ContainsKey(file))
            {
                continue;
            }

            // The text of an attachment may be large: only its fingerprint stays.
            TestFile key = file.Text is null ? file : file with { Text = Fingerprint.Of(file.Text).ToString("x", null) };
            if (!_ids.TryGetValue(key, out string? id))
            {
                id = await UploadAsync(file, cancellation).ConfigureAwait(false) ?? "";
                _ids[key] = id;
            }

            if (id.Length > 0)
            {
                ids.Add(file, id);
            }
        }

        return ids;
    }

    private async Task<string?> UploadAsync(TestFile file, CancellationToken cancellation)
    {
        try
        {
            long size = file.Text is null ? new FileInfo(file.Path!).Length : Encoding.UTF8.GetByteCount(file.Text);
            if (size > TestItClient.LargestFile)
            {
                LeaveOut($"Attachment '{file.Path ?? file.Name}' has {size} bytes; Test IT takes at most {TestItClient.LargestFile}, so it is left out.");
                return null;
            }

            using (Open(file))
            {
                // Can it be read at all? Better known before a connection is opened.
            }

            return await client.UploadAsync(SafeName(file.Name), () => Open(file), cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            LeaveOut($"Attachment '{file.Path}' cannot be read and is left out: {e.Message}");
            return null;
        }
        catch (TestItException e) when (!e.IsTransient && e.Error != TestItError.TokenRefused)
        {
            LeaveOut($"Test IT did not take the attachment '{file.Path ?? file.Name}': {e.Message}");
            return null;
        }
    }

    /// <summary>The user hears of the first one: a folder that is gone would fill the screen. The log has them all.</summary>
    private void LeaveOut(string message)
        => notice(Interlocked.Exchange(ref _isTold, 1) == 0 ? "SYNC0021" : null, message);

    /// <summary>The name stands in a header: what no header may hold becomes an underscore.</summary>
    private static string SafeName(string name)
    {
        string safe = string.Concat(HtmlText.Clean(name).Select(c => char.IsControl(c) || c is '"' or '\\' or '/' ? '_' : c));
        return safe.Length == 0 ? "attachment" : safe.Length > 200 ? HtmlText.Clean(safe[^200..]) : safe;
    }

    private static Stream Open(TestFile file)
        => file.Text is null
            ? new FileStream(file.Path!, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
            : new MemoryStream(Encoding.UTF8.GetBytes(file.Text));
}

using System.Collections.Concurrent;
using System.Text;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Server.TestIt.Content;

namespace SyncStorage.Server.TestIt;

/// <summary>Uploads files once per run. A file that cannot be uploaded is missing in its result and named in the report; it never stops the result.</summary>
internal sealed class FileUploader(TestItClient client, Action<Diagnostic> notice)
{
    private const int MostNamed = 100;

    private int _leftOut;

    /// <summary>Test IT's id by what the file is; empty for one that cannot be uploaded.</summary>
    private readonly ConcurrentDictionary<TestFile, string> _ids = [];

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
        string name = SafeName(file.Name);
        try
        {
            if (file.Text is not null)
            {
                byte[] text = Encoding.UTF8.GetBytes(file.Text);
                return text.Length is > 0 and <= (int)TestItClient.LargestFile
                    ? await client.UploadAsync(name, () => new MemoryStream(text, writable: false), cancellation).ConfigureAwait(false)
                    : throw new FileTroubleException(text.Length == 0 ? "it is empty" : $"it has {text.Length} bytes, and Test IT takes at most {TestItClient.LargestFile}");
            }

            if (file.Within is { } within && !within.Contains(file.Path!))
            {
                throw new FileTroubleException($"a test's output may only name files below {within}");
            }

            using FileSnapshot snapshot = FileSnapshot.Open(file.Path!, TestItClient.LargestFile);
            return await client.UploadAsync(name, snapshot.Read, cancellation).ConfigureAwait(false);
        }
        catch (FileTroubleException e)
        {
            LeftOut(file, e.Message);
        }
        catch (Exception e) when (e is not (TestItException or OperationCanceledException))
        {
            // Such as a path that no system has: no file may stop the run.
            LeftOut(file, "it cannot be read: " + e.Message);
        }
        catch (TestItException e) when (!e.IsTransient && e.Error != TestItError.TokenRefused)
        {
            LeftOut(file, "Test IT did not take it: " + e.Message);
        }

        return null;
    }

    /// <summary>Each is named; but a suite whose every test names a file that is not there must not drown everything else.</summary>
    private void LeftOut(TestFile file, string reason)
    {
        int number = Interlocked.Increment(ref _leftOut);
        Diagnostic diagnostic = Diagnostics.AttachmentLeftOut(file.Path ?? file.Name, reason.TrimEnd('.'));
        notice(number <= MostNamed ? diagnostic : Diagnostic.Detail(diagnostic.Message));
        if (number == MostNamed)
        {
            notice(Diagnostics.AttachmentsLeftOut(MostNamed));
        }
    }

    /// <summary>The name stands in a header: what no header may hold becomes an underscore.</summary>
    private static string SafeName(string name)
    {
        string safe = string.Concat(HtmlText.Clean(name).Select(c => char.IsControl(c) || c is '"' or '\\' or '/' ? '_' : c));
        return safe.Length == 0 ? "attachment" : safe.Length > 200 ? HtmlText.Clean(safe[^200..]) : safe;
    }
}

using System.Text.Json;

namespace SyncStorage.Server.Mail;

/// <summary>A mail folder that is looked at without taking anything.</summary>
internal static class MailFolder
{
    public const string Pattern = "*.jsonl";

    /// <summary>Who wrote into a folder whose server never came to write a journal; null when there is no mail in it.</summary>
    public static MailedWorker? WorkerIn(string folder)
    {
        foreach (string path in FilesIn(folder))
        {
            try
            {
                using var reader = new MailReader(path);
                ReadOnlySpan<byte> lines = reader.Read().Span;
                int end = lines.IndexOf((byte)'\n');
                if (end > 0 && JsonSerializer.Deserialize(lines[..end], ServerJson.Default.MailedWorker) is { TestRunId.Length: > 0 } worker)
                {
                    return worker;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
            {
                // The next file may tell.
            }
        }

        return null;
    }

    public static IEnumerable<string> FilesIn(string folder)
        => OwnFile.IsFolder(folder) ? Directory.EnumerateFiles(folder, Pattern).Where(OwnFile.IsRegular) : [];
}

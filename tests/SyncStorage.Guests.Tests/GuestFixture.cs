using System.Collections.Concurrent;
using System.Text.Json;
using SyncStorage.Mail;

namespace SyncStorage.Guests.Tests;

/// <summary>A session as MSBuild leaves it for an extension, and the mail that comes of it.</summary>
internal sealed class GuestFixture : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory().FullName;

    public GuestFixture()
    {
        Session = Path.Combine(_root, "session");
        MailFolder = Path.Combine(_root, "TestResults", "SyncStorage", "run 1", "mail");
        Directory.CreateDirectory(Path.Combine(Session, "workers"));
        Directory.CreateDirectory(Path.GetDirectoryName(MailFolder)!);
        File.WriteAllBytes(MailAddress.PathIn(Session, "1-2-3"), new MailAddress(MailFolder, "run 1", "Shop.Tests", "net10.0").ToBytes());
    }

    public string Session { get; }
    public string MailFolder { get; }

    /// <summary>What the extension told its host.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    public Dictionary<string, string?> Parameters => new() { ["Session"] = Session, ["Worker"] = "1-2-3" };

    public IReadOnlyList<JsonElement> Mail => !Directory.Exists(MailFolder)
        ? []
        : Directory.GetFiles(MailFolder).SelectMany(Read).ToList();

    public IReadOnlyList<string> Types => Mail.Select(line => line.GetProperty("type").GetString()!).ToList();

    public IReadOnlyList<long> Sequences => Mail.Where(line => line.GetProperty("type").GetString() == "result").Select(line => line.GetProperty("sequence").GetInt64()).ToList();

    public void Dispose() => Folders.Remove(_root);

    private static List<JsonElement> Read(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
    }
}

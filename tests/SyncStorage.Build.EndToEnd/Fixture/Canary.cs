using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A token that nothing else contains. Watches the argument lists of all processes for it, from its start to its end.</summary>
public sealed class Canary : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, byte> _seen = new();
    private readonly Task _watching;

    public Canary() => _watching = Task.Run(WatchAsync);

    public string Token { get; } = "canary" + Guid.NewGuid().ToString("N");

    /// <summary>Argument lists in which it was.</summary>
    public IReadOnlyCollection<string> Seen => [.. _seen.Keys];

    /// <summary>Files below the folder that contain it, in any usual encoding or inside a compressed binary log; whoever wrote them.</summary>
    public IReadOnlyList<string> FilesIn(string folder, params string[] except)
        => Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Where(path => !except.Contains(Path.GetFileName(path)) && IsOrdinary(path) && Contains(path))
            .ToList();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (int pid in Processes.Matching(Token))
            {
                _seen.TryAdd(Processes.CommandLine(pid).Replace('\0', ' '), 0);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), CancellationToken.None);
        }
    }

    /// <summary>Reading a pipe or a socket would never end; they have no length.</summary>
    private static bool IsOrdinary(string path) => new FileInfo(path).Length > 0;

    private bool Contains(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        if (path.EndsWith(".binlog", StringComparison.Ordinal))
        {
            using var plain = new MemoryStream();
            using (var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress))
            {
                gzip.CopyTo(plain);
            }

            bytes = plain.ToArray();
        }

        return new[] { Encoding.UTF8.GetBytes(Token), Encoding.Unicode.GetBytes(Token), Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(Token))) }
            .Any(form => bytes.AsSpan().IndexOf(form) >= 0);
    }
}

using System.Diagnostics;

namespace SyncStorage.Sessions;

/// <summary>
/// Why a server could not start: <c>error.txt</c> in the session, written by the server before it exits, or here from what it says before it can
/// say anything in its own way: that the runtime it needs is not there, for example. Read by the process that started it, which may go first;
/// a server that has nobody who reads is not disturbed by that.
/// </summary>
internal static class StartFailure
{
    private const int LongestReason = 2000;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    public static string PathIn(string sessionDirectory) => Path.Combine(sessionDirectory, "error.txt");

    /// <param name="sessionDirectory">Gets the reason, unless the server accepts or has given one itself.</param>
    /// <param name="errors">The server's standard error; read to its end, so that it is never full.</param>
    public static void Record(string sessionDirectory, StreamReader errors)
    {
        // A thread of its own, which waits as long as the server lives: reading a pipe blocks on some platforms, whatever the method is called.
        new Thread(() => Listen(sessionDirectory, errors)) { IsBackground = true, Name = "Sync Storage: errors of the server" }.Start();
    }

    /// <summary>Null unless a server has told why it could not start.</summary>
    public static string? Read(string sessionDirectory) => SharedFile.ReadText(PathIn(sessionDirectory))?.Trim();

    /// <summary>Why a server that has ended without ever accepting could not start; null when it was killed.</summary>
    public static async Task<string?> ReadAsync(string sessionDirectory, CancellationToken cancellation = default)
    {
        // Whoever started it reads its last words, and may have to be waited for. One that accepted before is another matter.
        for (var waited = Stopwatch.StartNew(); !File.Exists(PathIn(sessionDirectory)) && !HasAccepted(sessionDirectory) && waited.Elapsed < Patience;)
        {
            await Task.Delay(PollInterval, cancellation).ConfigureAwait(false);
        }

        return Read(sessionDirectory);
    }

    private static bool HasAccepted(string sessionDirectory) => !Directory.Exists(sessionDirectory) || File.Exists(Path.Combine(sessionDirectory, "server.json"));

    private static void Listen(string sessionDirectory, StreamReader errors)
    {
        try
        {
            var said = new char[LongestReason];
            int length = errors.ReadBlock(said, 0, said.Length);
            while (length == said.Length && errors.ReadLine() is not null)
            {
            }

            string reason = string.Join(" ", new string(said, 0, length).Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries)).Trim();
            if (reason.Length > 0 && !HasAccepted(sessionDirectory) && !File.Exists(PathIn(sessionDirectory)))
            {
                SharedFile.WriteText(PathIn(sessionDirectory), reason);
            }
        }
        catch (Exception)
        {
            // An exception on this thread would end MSBuild or vstest.console. That there is no server is noticed all the same.
        }
        finally
        {
            errors.Dispose();
        }
    }
}

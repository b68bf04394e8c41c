using System;
using System.IO;
using System.Threading;

namespace SyncStorage.Sessions;

/// <summary>The server could not start; the message says why. Whoever ends the session tells the user, once: guests need not.</summary>
internal sealed class StartFailureException(string reason) : Exception(reason);

/// <summary>
/// What a server says before it can say anything in its own way: that the runtime it needs is not there, for example. Read by the process that
/// started it, which may go first; a server that has nobody who reads is not disturbed by that.
/// </summary>
internal static class StartFailure
{
    private const int LongestReason = 2000;

    /// <param name="session">Gets the reason, unless the server accepts or has given one itself.</param>
    /// <param name="errors">The server's standard error; read to its end, so that it is never full.</param>
    public static void Record(Session session, StreamReader errors)
    {
        // A thread of its own, which waits as long as the server lives: reading a pipe blocks on some platforms, whatever the method is called.
        new Thread(() => Read(session, errors)) { IsBackground = true, Name = "Sync Storage: errors of the server" }.Start();
    }

    private static void Read(Session session, StreamReader errors)
    {
        try
        {
            var said = new char[LongestReason];
            int length = errors.ReadBlock(said, 0, said.Length);
            while (length == said.Length && errors.ReadLine() is not null)
            {
            }

            string reason = string.Join(" ", new string(said, 0, length).Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries)).Trim();
            if (reason.Length > 0 && Directory.Exists(session.Directory) && !File.Exists(session.ServerStatePath) && !File.Exists(session.StartErrorPath))
            {
                File.WriteAllText(session.StartErrorPath, reason);
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

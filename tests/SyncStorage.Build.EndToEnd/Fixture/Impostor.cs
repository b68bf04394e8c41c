using System.Diagnostics;
using System.Globalization;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A process that got the id of one that has ended, as happens on machines that run for long (Linux).</summary>
public sealed class Impostor : IDisposable
{
    private const string LastProcessId = "/proc/sys/kernel/ns_last_pid";

    // All of it in one shell: between the wish for an id and the new process nobody else should start a process or a thread, and the
    // runtime of this test would. The id is free only when the killed process's parent has looked after it, hence the attempts.
    private const string Take = """
        exec 2> /dev/null
        for attempt in $(seq 2000); do
            echo $(($1 - 1)) > /proc/sys/kernel/ns_last_pid
            sleep 600 > /dev/null &
            [ $! -eq $1 ] && echo taken && wait && exit
            kill $!; wait $!
        done
        """;

    private readonly int _processId;
    private readonly Process _shell;

    private Impostor(int processId, Process shell)
    {
        _processId = processId;
        _shell = shell;
    }

    /// <param name="processId">Must be free, or about to be.</param>
    public static Impostor WithId(int processId)
    {
        string id = processId.ToString(CultureInfo.InvariantCulture);
        try
        {
            File.WriteAllText(LastProcessId, id);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Assert.Inconclusive($"Only a privileged user of Linux can choose a process id: {e.Message}");
        }

        var shell = Process.Start(new ProcessStartInfo("sh", ["-c", Take, "sh", id]) { RedirectStandardOutput = true })!;
        if (shell.StandardOutput.ReadLine() == "taken")
        {
            return new Impostor(processId, shell);
        }

        shell.Dispose();
        if (IsThreadOfAnother(id))
        {
            Assert.Inconclusive($"Process id {id} went to a thread of another process at once.");
        }

        throw new InvalidOperationException($"Process id {id} did not become free.");
    }

    public bool IsAlive => !_shell.HasExited;

    public void Dispose()
    {
        Processes.Kill(_processId);
        _shell.WaitForExit();
        _shell.Dispose();
    }

    private static bool IsThreadOfAnother(string id)
        => File.Exists($"/proc/{id}/status") && !File.ReadLines($"/proc/{id}/status").Contains("Tgid:\t" + id);
}

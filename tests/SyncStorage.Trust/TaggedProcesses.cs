using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace SyncStorage.Trust;

/// <summary>A process of a `dotnet test`, by what it is in it.</summary>
internal enum Role
{
    TestHost,
    TestConsole,
    Server,
    Other,
}

/// <summary>
/// Every process that descends from a command, found by an environment variable that all of them inherit (Linux): also those whose
/// parents have died, and never anybody else's.
/// </summary>
internal sealed class TaggedProcesses
{
    private const string Name = "SYNC_SOAK_TAG";

    private readonly string _entry;

    public TaggedProcesses()
    {
        Tag = Guid.NewGuid().ToString("N");
        _entry = $"{Name}={Tag}";
    }

    public string Tag { get; }

    public static string VariableName => Name;

    public IReadOnlyList<(int Pid, Role Role, string CommandLine)> Living()
        => Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0)
            .Where(pid => pid != 0 && Read(pid, "environ").Split('\0').Contains(_entry))
            .Select(pid => (pid, Read(pid, "cmdline").Replace('\0', ' ')))
            .Where(process => process.Item2.Length > 0) // an empty one is dead and only waits for its parent
            .Select(process => (process.pid, RoleOf(process.Item2), process.Item2))
            .ToList();

    /// <returns>False when it had ended by itself.</returns>
    public static bool Kill(int pid)
    {
        try
        {
            using Process process = Process.GetProcessById(pid);
            process.Kill();
            return true;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }

    private static Role RoleOf(string commandLine)
        => commandLine.Contains("SyncStorage.Server.dll", StringComparison.Ordinal) ? Role.Server
            : commandLine.Contains("testhost", StringComparison.Ordinal) ? Role.TestHost
            : commandLine.Contains("vstest.console.dll", StringComparison.Ordinal) ? Role.TestConsole
            : Role.Other;

    private static string Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just ended, or it is another user's.
            return "";
        }
    }
}

using System.Globalization;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>What runs on this machine, by command line (Linux).</summary>
public static class Processes
{
    public static bool AnyServerOf(string folder) => ServersOf(folder).Count > 0;

    /// <summary>Servers whose results go below the folder.</summary>
    public static IReadOnlyList<int> ServersOf(string folder) => Matching("SyncStorage.Server.dll", folder);

    /// <summary>Processes that were started with this variable, such as NAME=value.</summary>
    public static IReadOnlyList<int> WithEnvironment(string variable) => All().Where(pid => Read(pid, "environ").Split('\0').Contains(variable)).ToList();

    public static void Kill(int pid) => Signal(pid, "KILL");

    public static void Signal(int pid, string signal)
    {
        using var kill = System.Diagnostics.Process.Start("kill", ["-" + signal, pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>The arguments of a process, separated by NUL; empty when it has ended.</summary>
    public static string CommandLine(int pid) => Read(pid, "cmdline");

    /// <summary>Process ids whose command line contains all of the texts.</summary>
    public static IReadOnlyList<int> Matching(params string[] texts)
        => All().Where(pid => texts.All(CommandLine(pid).Contains)).ToList();

    private static IEnumerable<int> All()
        => Directory.GetDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0)
            .Where(pid => pid != 0);

    private static string Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just ended.
            return "";
        }
    }
}

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>What runs on this machine, by command line (Linux).</summary>
public static class Processes
{
    public static bool AnyServerOf(string folder) => ServersOf(folder).Count > 0;

    /// <summary>Servers whose results go below the folder.</summary>
    public static IReadOnlyList<int> ServersOf(string folder) => Matching("SyncStorage.Server.dll", folder);

    /// <summary>Process ids whose command line contains all of the texts.</summary>
    public static IReadOnlyList<int> Matching(params string[] texts)
        => Directory.GetDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0)
            .Where(pid => pid != 0 && texts.All(CommandLine(pid).Contains))
            .ToList();

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just ended.
            return "";
        }
    }
}

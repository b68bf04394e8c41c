using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SyncStorage.Sessions;

/// <summary>
/// The vstest.console process. Where no MSBuild target ran it is what collector and logger have in common: the logger runs in
/// it, the collector's process is its child. So the session and the worker's pid are derived from it.
/// </summary>
internal sealed class TestConsole
{
    // What VSTest starts its datacollector with.
    private const string ParentArgument = "--parentprocessid";

    internal TestConsole(int processId, IReadOnlyList<string> arguments)
    {
        ProcessId = processId;
        Arguments = arguments;
    }

    public int ProcessId { get; }

    /// <summary>Command line; empty where the platform does not show that of another process.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>Process id and time of start: an id alone comes again, and would find what a killed run has left.</summary>
    public string Key => string.Format(CultureInfo.InvariantCulture, "vstest {0} {1}", ProcessId, StartTime(ProcessId));

    /// <summary>
    /// Equal in collector and logger, different from every other worker's: an IDE runs tests again and again in one process,
    /// and each time has a session of its own.
    /// </summary>
    public string WorkerPid(Session session)
        => string.Format(CultureInfo.InvariantCulture, "{0}-{1}-{2}", ProcessId, StartTime(ProcessId), session.DeriveTestRunId().Substring(0, 8));

    /// <summary>The first test assembly on the command line; null in an IDE, where there is none.</summary>
    public string? TestAssembly => Arguments.Skip(1).FirstOrDefault(IsTestAssembly) is string path ? Path.GetFullPath(path) : null;

    /// <summary>Seen from the logger.</summary>
    public static TestConsole Self() => new(CurrentProcessId(), Environment.GetCommandLineArgs());

    /// <summary>Seen from the collector.</summary>
    public static TestConsole Parent()
    {
        string[] arguments = Environment.GetCommandLineArgs();
        int named = Array.FindIndex(arguments, argument => string.Equals(argument, ParentArgument, StringComparison.OrdinalIgnoreCase));
        int parent = named >= 0 && named + 1 < arguments.Length && int.TryParse(arguments[named + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            ? pid
            : CurrentProcessId();
        return new TestConsole(parent, ArgumentsOf(parent));
    }

    /// <summary>Short framework such as net10.0 that an assembly was built for, as its runtime configuration says; null without one.</summary>
    public static string? TargetFrameworkOf(string testAssembly)
    {
        try
        {
            using JsonDocument configuration = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(testAssembly, ".runtimeconfig.json")));
            return configuration.RootElement.GetProperty("runtimeOptions").GetProperty("tfm").GetString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // .NET Framework has no such file.
            return null;
        }
    }

    private static bool IsTestAssembly(string argument)
        => !argument.StartsWith("-", StringComparison.Ordinal) && argument.IndexOf('*') < 0
            && (argument.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || argument.EndsWith(".exe", StringComparison.OrdinalIgnoreCase))
            && !Path.GetFileName(argument).StartsWith("vstest.console.", StringComparison.OrdinalIgnoreCase);

    private static string[] ArgumentsOf(int processId)
    {
        string path = $"/proc/{processId}/cmdline";
        return File.Exists(path) ? Encoding.UTF8.GetString(File.ReadAllBytes(path)).Split(['\0'], StringSplitOptions.RemoveEmptyEntries) : [];
    }

    /// <summary>The kernel's own number: .NET computes Linux start times from the clock, a little different in every process.</summary>
    private static string StartTime(int processId)
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Linux) && LinuxProcess.BirthOf(processId) is string birth)
        {
            return birth;
        }

        using var process = Process.GetProcessById(processId);
        return process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
    }

    private static int CurrentProcessId()
    {
        using var self = Process.GetCurrentProcess();
        return self.Id;
    }
}

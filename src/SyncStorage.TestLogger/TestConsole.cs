using System.Diagnostics;

namespace SyncStorage.TestLogger;

/// <summary>The vstest.console process, in which the logger runs: what it knows of the tests where no MSBuild target ran.</summary>
internal sealed record TestConsole(int ProcessId, IReadOnlyList<string> Arguments)
{
    /// <summary>The first test assembly on the command line; null in an IDE, where there is none.</summary>
    public string? TestAssembly => Arguments.Skip(1).FirstOrDefault(IsTestAssembly) is string path ? Path.GetFullPath(path) : null;

    public static TestConsole Self()
    {
        using var self = Process.GetCurrentProcess();
        return new TestConsole(self.Id, Environment.GetCommandLineArgs());
    }

    private static bool IsTestAssembly(string argument)
        => !argument.StartsWith("-", StringComparison.Ordinal) && argument.IndexOf('*') < 0
            && (argument.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || argument.EndsWith(".exe", StringComparison.OrdinalIgnoreCase))
            && !Path.GetFileName(argument).StartsWith("vstest.console.", StringComparison.OrdinalIgnoreCase);
}

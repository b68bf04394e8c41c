using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SyncStorage.Sessions;

/// <summary>Starts the embedded server as a process of its own that outlives whoever starts it.</summary>
internal static class ServerLauncher
{
    public const string AssemblyName = "SyncStorage.Server.dll";

    /// <summary>Of the server's runtime, unless the user sets them; hexadecimal. The first two have no counterpart in its runtimeconfig.json.</summary>
    private static readonly Dictionary<string, string> RuntimeSettings = new()
    {
        // The server lets go of nearly everything it touches. Left alone, the collector lets some 60 MB of that pile up before it
        // looks; 4 MB cost 10 % of its little CPU time.
        ["DOTNET_GCgen0size"] = "400000",

        // That is where it begins; with a large cache it grows beyond any need. 16 MB at most: 100 000 published results then peak at
        // some 150 MB instead of 200.
        ["DOTNET_GCGen0MaxBudget"] = "1000000",

        // What is called often is compiled again, better, once nothing new has come for so many milliseconds (1000). By default 100: just
        // when the tests of a short run end. A stand-alone server lives longer, and keeps the default.
        ["DOTNET_TC_CallCountingDelayMs"] = "3E8",
    };

    /// <summary>
    /// The server is no test host and no MSBuild: what its parents or the user set for those is not meant for it. It would load what is not for it,
    /// wait for a debugger's tool before it starts, fill its standard error, or have the memory or the processors of another program.
    /// </summary>
    private static readonly string[] NotForTheServer =
    [
        "MSBUILD_EXE_PATH", "MSBuildExtensionsPath", "MSBuildSDKsPath",
        "DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS", "DOTNET_SHARED_STORE",
        "CORECLR_ENABLE_PROFILING", "COR_ENABLE_PROFILING",
        "DOTNET_DiagnosticPorts", "DOTNET_DefaultDiagnosticPortSuspend",
        "COREHOST_TRACE", "DOTNET_HOST_TRACE",
        "DOTNET_GCHeapHardLimit", "DOTNET_GCHeapHardLimitPercent", "DOTNET_GCHeapAffinitizeMask", "DOTNET_GCHeapCount", "DOTNET_GCNoAffinitize",
        "COMPlus_GCHeapHardLimit", "COMPlus_GCHeapHardLimitPercent", "COMPlus_GCHeapAffinitizeMask", "COMPlus_GCHeapCount",
    ];

    /// <exception cref="FileNotFoundException">There is no server beside this assembly, or no dotnet host.</exception>
    public static ProcessIdentity Start(string sessionDirectory, IEnumerable<string> options, string? serverPath = null)
    {
        // What the user's environment says about the runtimes of tests (DOTNET_ROLL_FORWARD) is not meant for the server, which needs any; said
        // here, and not by changing the environment, it does not reach the official binary that the server may start.
        string[] arguments = ["--roll-forward", "Major", serverPath ?? FindServer(), "--session", sessionDirectory, .. options];
        var info = new ProcessStartInfo(FindDotnet())
        {
            Arguments = string.Join(" ", arguments.Select(Quote)),
            UseShellExecute = false,
            CreateNoWindow = true,
            // Not the session's own: Windows lets nobody remove a folder that a process works in.
            WorkingDirectory = Path.GetDirectoryName(Path.GetFullPath(sessionDirectory))!,
            // An inherited stream would keep `dotnet test | cat` open for as long as the server lives.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string variable in NotForTheServer)
        {
            info.Environment.Remove(variable);
        }

        info.Environment["DOTNET_gcServer"] = "0";
        foreach (KeyValuePair<string, string> setting in RuntimeSettings.Where(setting => !info.Environment.ContainsKey(setting.Key)))
        {
            info.Environment[setting.Key] = setting.Value;
        }

        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            (ProcessIdentity started, StreamReader errors) = WindowsProcess.Start(info);
            StartFailure.Record(sessionDirectory, errors);
            return started;
        }

        using Process process = Process.Start(info) ?? throw new FileNotFoundException($"'{info.FileName}' did not start.");
        process.StandardInput.Dispose();
        process.StandardOutput.Dispose();
        StartFailure.Record(sessionDirectory, process.StandardError);
        return ProcessIdentity.OfStarted(process.Id);
    }

    /// <summary>In our packages and in a build's output the server lies in a folder "server" beside or above this assembly.</summary>
    public static string FindServer()
    {
        string start = Path.GetDirectoryName(typeof(ServerLauncher).Assembly.Location) ?? AppContext.BaseDirectory;
        var folder = new DirectoryInfo(start);
        for (int levels = 0; folder is not null && levels < 4; levels++, folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "server", AssemblyName);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new FileNotFoundException($"{AssemblyName} was not found in a folder 'server' beside or above '{start}'.", AssemblyName);
    }

    /// <summary>The host that DOTNET_HOST_PATH names (the SDK sets it), else the one that runs us, else that of DOTNET_ROOT or on PATH.</summary>
    private static string FindDotnet()
    {
        if (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is string given && File.Exists(given))
        {
            return given;
        }

        string name = RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "dotnet.exe" : "dotnet";
        if (Process.GetCurrentProcess().MainModule?.FileName is string self && Path.GetFileName(self) == name)
        {
            return self;
        }

        return Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root && File.Exists(Path.Combine(root, name)) ? Path.Combine(root, name) : name;
    }

    /// <summary>netstandard2.0 has no ArgumentList. These are the rules by which .NET splits a command line on every platform.</summary>
    private static string Quote(string argument)
    {
        if (argument.Length > 0 && argument.IndexOfAny([' ', '\t', '\n', '"', '\\', '\'']) < 0)
        {
            return argument;
        }

        var quoted = new System.Text.StringBuilder("\"");
        int backslashes = 0;
        foreach (char c in argument)
        {
            if (c == '\\')
            {
                backslashes++;
                continue;
            }

            quoted.Append('\\', c == '"' ? backslashes * 2 + 1 : backslashes).Append(c);
            backslashes = 0;
        }

        return quoted.Append('\\', backslashes * 2).Append('"').ToString();
    }
}

using System.Diagnostics;
using System.Globalization;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>
/// A real account of this machine beside the one that the tests run as (root): a user id without a name, a home or any rights. What it starts and
/// what it owns is its own for the kernel, so that it can be a victim that is no superuser, and an attacker that is not the victim.
/// </summary>
public sealed class OtherAccount
{
    public static readonly OtherAccount Victim = new(54321);
    public static readonly OtherAccount Attacker = new(54322);

    private OtherAccount(int id) => Id = id;

    /// <summary>Of user and group.</summary>
    public int Id { get; }

    /// <summary>Only root can be somebody else.</summary>
    public static bool IsPossible => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess;

    /// <summary>Call it first: a test that needs other accounts is skipped where there can be none.</summary>
    public static void Require()
    {
        if (!IsPossible)
        {
            Assert.Inconclusive("Needs to be root on Linux, to be two other accounts.");
        }
    }

    /// <summary>Makes what other accounts need of this test run readable for them: the folder of all trials, and a copy of the packages, which may lie in a private home.</summary>
    public static async Task OpenAsync(string root, string packages, string copy)
    {
        Run("chmod", "go+rx", root);
        // Links to the same files cost neither time nor room, but need one file system.
        if ((await Command.RunAsync(root, ["-a", "--link", packages, copy], file: "cp")).ExitCode != 0)
        {
            CommandResult copied = await Command.RunAsync(root, ["-a", packages, copy], file: "cp");
            Assert.AreEqual(0, copied.ExitCode, copied.Output);
        }
    }

    /// <summary>Starts a program as this account.</summary>
    public Command Start(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string file = "dotnet")
        => Command.Start(folder, [$"--reuid={Text}", $"--regid={Text}", "--clear-groups", "--no-new-privs", file, .. arguments], environment, file: "setpriv");

    /// <summary>Runs a shell script as this account.</summary>
    public async Task<string> ShellAsync(string folder, string script)
    {
        using Command shell = Start(folder, ["-c", script], file: "sh");
        CommandResult result = await shell.WaitAsync();
        Assert.AreEqual(0, result.ExitCode, result.Output);
        return result.Output.Trim();
    }

    /// <summary>Gives it a file, or a folder with all that is in it.</summary>
    public void Own(string path) => Run("chown", "-R", $"{Text}:{Text}", path);

    /// <summary>The trial's `dotnet test` runs as this account, in a temporary folder that everybody can write in, as /tmp is.</summary>
    public Trial Play(Trial trial)
    {
        string home = Directory.CreateDirectory(Path.Combine(trial.Folder, "home")).FullName;
        Own(trial.Folder);
        Run("chown", "0:0", trial.Temporary);
        Run("chmod", "1777", trial.Temporary);
        trial.Account = this;
        trial.Environment["HOME"] = trial.Environment["DOTNET_CLI_HOME"] = home;
        trial.Environment["XDG_RUNTIME_DIR"] = null;
        return trial;
    }

    private static void Run(string file, params string[] arguments)
    {
        using var process = Process.Start(file, arguments);
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, $"{file} {string.Join(' ', arguments)}");
    }

    private string Text => Id.ToString(CultureInfo.InvariantCulture);
}

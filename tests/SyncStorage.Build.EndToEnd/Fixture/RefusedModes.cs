namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A file system that refuses to change modes, as SMB and mounts of cloud storage do, in place of a folder: bindfs over another one.</summary>
public sealed class RefusedModes : IDisposable
{
    private readonly string _folder;

    private RefusedModes(string folder) => _folder = folder;

    /// <param name="isOpen">Everybody may read whatever is made there.</param>
    public static async Task<RefusedModes> MountAsync(string folder, bool isOpen)
    {
        string behind = Directory.CreateDirectory(folder + "-behind").FullName;
        Directory.CreateDirectory(folder);
        string problem;
        try
        {
            CommandResult mounted = await Command.RunAsync(Path.GetTempPath(), ["--chmod-deny", "--perms=" + (isOpen ? "a+rwX" : "u+rwX"), behind, folder], file: "bindfs");
            problem = mounted.ExitCode == 0 ? "" : mounted.Output;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            problem = e.Message;
        }

        if (problem.Length > 0)
        {
            Assert.Inconclusive($"Needs bindfs and the right to mount with it: {problem}");
        }

        return new RefusedModes(folder);
    }

    public void Dispose()
    {
        using var unmount = System.Diagnostics.Process.Start("umount", ["-l", _folder]);
        unmount.WaitForExit();
    }
}

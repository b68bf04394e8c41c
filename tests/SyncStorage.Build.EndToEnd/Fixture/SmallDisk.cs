using System.Globalization;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A file system of its own that can be filled to the last byte.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    public static async Task<SmallDisk> MountAsync(string folder, int kilobytes)
    {
        Directory.CreateDirectory(folder);
        string problem;
        try
        {
            CommandResult mounted = await Command.RunAsync(Path.GetTempPath(), ["-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={kilobytes}k"), "none", folder], file: "mount");
            problem = mounted.ExitCode == 0 ? "" : mounted.Output;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            problem = e.Message;
        }

        if (problem.Length > 0)
        {
            Assert.Inconclusive($"Needs the right to mount a file system: {problem}");
        }

        return new SmallDisk(folder);
    }

    public void Fill()
    {
        try
        {
            using var file = new FileStream(Path.Combine(_folder, "fill"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (true)
            {
                file.Write(new byte[1024]);
            }
        }
        catch (IOException)
        {
            // That is the point.
        }
    }

    public void Dispose()
    {
        using var unmount = System.Diagnostics.Process.Start("umount", ["-l", _folder]);
        unmount.WaitForExit();
    }
}

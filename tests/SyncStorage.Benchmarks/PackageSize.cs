using System.Diagnostics;

namespace SyncStorage.Benchmarks;

internal static class PackageSize
{
    public static async Task RunAsync()
    {
        string output = Directory.CreateTempSubdirectory().FullName;
        using var pack = Process.Start(new ProcessStartInfo("dotnet", ["pack", Path.Combine(Repository.Root, "src", "SyncStorage.Build"), "-c", Repository.Configuration, "--no-build", "-o", output, "-v", "q"])
        {
            RedirectStandardOutput = true,
        })!;
        await pack.StandardOutput.ReadToEndAsync();
        await pack.WaitForExitAsync();
        double size = new FileInfo(Directory.GetFiles(output, "SyncStorage.Build.*.nupkg").Single()).Length / 1e6;
        Table.Row("size of SyncStorage.Build.nupkg", $"{size:0.00} MB", "", null, "below 5 MB");
        Folders.Remove(output);
    }
}

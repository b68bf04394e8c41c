using System.Diagnostics;
using System.Globalization;
using SyncStorage.Sessions;

namespace SyncStorage.Client.Tests;

[TestClass]
public sealed class ServerProcessTests
{
    [TestMethod]
    public void A_process_that_runs_is_alive() => Assert.IsTrue(ServerProcess.IsAlive(Environment.ProcessId));

    /// <summary>As in a container whose first process looks after nobody: who waited for it there waited until his deadline.</summary>
    [TestMethod]
    public async Task A_process_that_has_ended_is_not_alive_although_its_parent_never_looks()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Only Linux shows such processes.");
        }

        using Process parent = Process.Start(new ProcessStartInfo("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"]) { RedirectStandardOutput = true })!;
        try
        {
            int child = int.Parse((await parent.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
            Assert.IsTrue(await ServerProcess.WaitForEndAsync(child, TimeSpan.FromSeconds(30)));
            Assert.IsTrue(Directory.Exists($"/proc/{child}"), "it is still in the table");
        }
        finally
        {
            parent.Kill();
        }
    }
}

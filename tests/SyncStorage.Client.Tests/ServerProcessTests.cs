using System.Diagnostics;
using System.Globalization;
using SyncStorage.Sessions;

namespace SyncStorage.Client.Tests;

[TestClass]
public sealed class ServerProcessTests
{
    [TestMethod]
    public void A_process_that_runs_is_alive() => Assert.IsTrue(ProcessIdentity.OfSelf()!.IsAlive());

    [TestMethod]
    public void A_process_is_told_again_from_its_text()
        => Assert.AreEqual(ProcessIdentity.OfSelf(), ProcessIdentity.Parse(ProcessIdentity.OfSelf()!.ToString()));

    [TestMethod]
    [DataRow(null)]
    [DataRow("")]
    [DataRow("12")]
    [DataRow("12.")]
    [DataRow("-1.5")]
    [DataRow("0.0")]
    [DataRow("x.5")]
    [DataRow("1.2.3")]
    public void What_names_no_process_is_none(string? text) => Assert.IsNull(ProcessIdentity.Parse(text));

    /// <summary>The server was killed, and a program of the user has its id now.</summary>
    [TestMethod]
    public async Task A_process_that_got_the_servers_id_is_neither_waited_for_nor_killed()
    {
        using Process innocent = Waiting();
        try
        {
            var server = new ProcessIdentity(innocent.Id, "1");
            Assert.IsFalse(server.IsAlive());
            Assert.IsTrue(await ServerProcess.WaitForEndOrEndItAsync(server, Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N")), TimeSpan.Zero, () => false));
            Assert.IsTrue(ProcessIdentity.Of(innocent.Id)?.IsAlive());
        }
        finally
        {
            innocent.Kill();
        }
    }

    [TestMethod]
    public async Task A_server_that_is_late_and_that_nobody_needs_is_killed()
    {
        using Process hanging = Waiting();
        ProcessIdentity server = ProcessIdentity.OfStarted(hanging.Id);

        Assert.IsFalse(await ServerProcess.WaitForEndOrEndItAsync(server, Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N")), TimeSpan.Zero, () => false));

        Assert.IsTrue(hanging.WaitForExit(TimeSpan.FromSeconds(30)));
    }

    /// <summary>Until its standard input is closed.</summary>
    private static Process Waiting()
        => Process.Start(new ProcessStartInfo(OperatingSystem.IsWindows() ? "cmd" : "sh") { RedirectStandardInput = true, RedirectStandardOutput = true })!;

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
            Assert.IsTrue(await ServerProcess.WaitForEndAsync(ProcessIdentity.OfStarted(child), TimeSpan.FromSeconds(30)));
            Assert.IsTrue(Directory.Exists($"/proc/{child}"), "it is still in the table");
        }
        finally
        {
            parent.Kill();
        }
    }
}

using Microsoft.Extensions.Time.Testing;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Tests.Hosting;

/// <summary>Folders of sessions: whose they are, and when they go.</summary>
[TestClass]
public sealed class SessionFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [TestCategory("Promise: secrets")]
    public void Nobody_else_may_look_into_a_session()
    {
        if (OperatingSystem.IsWindows())
        {
            // There the user's temporary folder is private already.
            return;
        }

        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.AreEqual(Owner, File.GetUnixFileMode(Session.At(_folder.File("session")).Directory));
    }

    /// <summary>Ten minutes are long for a session that nobody holds, and nothing for one that somebody does.</summary>
    [TestMethod]
    public void Only_what_a_killed_invocation_left_long_ago_is_removed()
    {
        Session own = SessionOf("own"), held = SessionOf("held"), left = SessionOf("left");
        string stranger = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(own.Directory)!, "no session")).FullName;
        using SessionLease lease = held.TakeLease();
        using SessionLease ownLease = own.TakeLease();
        File.WriteAllText(Path.Combine(left.LeasesDirectory, "abandoned"), "");
        using var log = new ServerLog(_time);

        StaleSessions.Remove(own, _time, log);
        Assert.IsTrue(Directory.Exists(left.Directory), "It has just been made.");

        _time.Advance(TimeSpan.FromMinutes(11));
        StaleSessions.Remove(own, _time, log);
        Assert.IsFalse(Directory.Exists(left.Directory));
        Assert.IsTrue(Directory.Exists(own.Directory) && Directory.Exists(held.Directory) && File.Exists(lease.Path), "Somebody needs them.");
        Assert.IsTrue(Directory.Exists(stranger), "It never was a session.");
    }

    private Session SessionOf(string name) => Session.At(_folder.File(Path.Combine("SyncStorage-user", name)));
}

using SyncStorage.Sessions;

namespace SyncStorage.Client.Tests;

[TestClass]
public sealed class SessionLeaseTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("leases").FullName;

    [TestCleanup]
    public void Remove() => Folders.Remove(_folder);

    [TestMethod]
    public void A_lease_is_held_until_it_is_disposed()
    {
        SessionLease lease = SessionLease.Take(_folder, LeaseHolder.Self);
        Assert.IsTrue(SessionLease.IsHeld(lease.Path));
        lease.Dispose();
        Assert.IsFalse(SessionLease.IsHeld(lease.Path));
        Assert.IsEmpty(Directory.GetFiles(_folder));
    }

    [TestMethod]
    public void What_a_dead_holder_left_is_removed_by_the_server_alone()
    {
        string left = Path.Combine(_folder, "left");
        File.WriteAllText(left, "");
        Assert.IsFalse(SessionLease.IsHeld(left));
        Assert.IsTrue(File.Exists(left), "the server has to know that its holder died");
        Assert.AreEqual(LeaseState.Abandoned, SessionLease.Look(left, remove: true));
        Assert.IsFalse(File.Exists(left));
        Assert.AreEqual(LeaseState.Gone, SessionLease.Look(left, remove: true));
    }

    [TestMethod]
    public void A_lease_tells_for_which_call_it_is_held()
    {
        using SessionLease lease = SessionLease.Take(_folder, new LeaseHolder("call", Environment.ProcessId));

        Assert.AreEqual(Environment.ProcessId, LeaseHolder.ProcessIn(lease.Path)!.Value.Id);
        Assert.IsNull(LeaseHolder.ProcessIn(SessionLease.Take(_folder, LeaseHolder.Self).Path));
    }

    /// <summary>File systems that keep no locks.</summary>
    [TestMethod]
    public void A_lease_without_a_lock_is_held_as_long_as_the_process_that_it_names_lives()
    {
        string left = Path.Combine(_folder, $"call.0.0.{ProcessIdentity.Self}-x");
        string earlier = Path.Combine(_folder, $"call.0.0.{new ProcessIdentity(Environment.ProcessId, "1")}-x");
        File.WriteAllText(left, "");
        File.WriteAllText(earlier, "");

        Assert.AreEqual(LeaseState.Held, SessionLease.Look(left, remove: true));
        Assert.IsTrue(File.Exists(left));
        Assert.AreEqual(LeaseState.Abandoned, SessionLease.Look(earlier, remove: true), "another process had that id before");
    }

    [TestMethod]
    public async Task The_sessions_lock_without_a_lock_is_its_owners_as_long_as_that_one_lives()
    {
        TimeSpan atOnce = TimeSpan.FromMilliseconds(50);
        string owner = Path.Combine(_folder, "lock.owner");
        await File.WriteAllTextAsync(owner, $"{ProcessIdentity.Self}-x");
        await Assert.ThrowsExactlyAsync<IOException>(() => SessionLock.TakeAsync(_folder, atOnce, CancellationToken.None));

        await File.WriteAllTextAsync(owner, $"{new ProcessIdentity(Environment.ProcessId, "1")}-x");
        using (await SessionLock.TakeAsync(_folder, atOnce, CancellationToken.None))
        {
            Assert.StartsWith(ProcessIdentity.Self.ToString(), await File.ReadAllTextAsync(owner));
        }

        Assert.IsFalse(File.Exists(owner));
    }

    [TestMethod]
    public async Task A_lease_taken_while_others_look_is_held()
    {
        using var stop = new CancellationTokenSource();
        Task[] lookers = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                foreach (string path in Directory.GetFiles(_folder))
                {
                    SessionLease.IsHeld(path);
                }
            }
        })).ToArray();

        Parallel.For(0, 2000, _ =>
        {
            using SessionLease lease = SessionLease.Take(_folder, LeaseHolder.Self);
            Assert.IsTrue(File.Exists(lease.Path));
            Thread.Yield();
            Assert.IsTrue(File.Exists(lease.Path) && SessionLease.IsHeld(lease.Path));
        });
        await stop.CancelAsync();
        await Task.WhenAll(lookers);
    }
}

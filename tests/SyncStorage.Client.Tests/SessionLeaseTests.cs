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
        using SessionLease lease = SessionLease.Take(_folder, new LeaseHolder("call", ProcessIdentity.OfSelf()));

        Assert.AreEqual(ProcessIdentity.OfSelf(), LeaseHolder.ProcessIn(lease.Path));
        Assert.IsNull(LeaseHolder.ProcessIn(SessionLease.Take(_folder, LeaseHolder.Self).Path));
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

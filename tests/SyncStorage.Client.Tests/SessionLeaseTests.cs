using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
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
        SessionLease lease = SessionLease.Take(_folder);
        Assert.IsTrue(SessionLease.IsHeld(lease.Path));
        lease.Dispose();
        Assert.IsFalse(SessionLease.IsHeld(lease.Path));
        Assert.IsEmpty(Directory.GetFiles(_folder));
    }

    [TestMethod]
    public void What_a_dead_holder_left_is_removed()
    {
        string left = Path.Combine(_folder, "left");
        File.WriteAllText(left, "");
        Assert.IsFalse(SessionLease.IsHeld(left));
        Assert.IsFalse(File.Exists(left));
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
            using SessionLease lease = SessionLease.Take(_folder);
            Assert.IsTrue(File.Exists(lease.Path));
            Thread.Yield();
            Assert.IsTrue(File.Exists(lease.Path) && SessionLease.IsHeld(lease.Path));
        });
        await stop.CancelAsync();
        await Task.WhenAll(lookers);
    }
}

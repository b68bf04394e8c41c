using SyncStorage.Results;
using SyncStorage.Server.Results;
using TestItStandIn;
using static SyncStorage.Server.Tests.TestIt.PublisherFixture;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
public sealed class RestartTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public async Task A_killed_server_s_successor_goes_on_where_it_was(int mode)
    {
        await using PublisherFixture run = await StartAsync(mode: mode);
        ObservedResult held = Result("Held");
        StoredResult heldStored = run.Publish(held, held: true);
        var all = new List<StoredResult>();
        for (int i = 0; i < 150; i++)
        {
            all.Add(run.Publish(Result("Test" + i)));
        }

        await UntilAsync(() => run.Log.Count(Delivery.Sent) >= 100, "a batch");

        // Killed: nothing is said any more. The successor knows the journal only.
        await run.Publisher.DisposeAsync();
        run.Open(knownTestRunId: run.Run.Id);
        foreach (StoredResult stored in all.Append(heldStored))
        {
            if (run.Log.Deliveries.ContainsKey(stored.Index))
            {
                run.Publisher.Restore(stored);
            }
            else
            {
                run.Publisher.Publish(stored with { Unclear = run.Log.Posted.ContainsKey(stored.Index) }, held: stored == heldStored);
            }
        }

        // The same test for another framework: its row must differ from one that the predecessor sent.
        run.Publish(Result("Test0"), targetFramework: "net8.0");
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolation();
        Assert.HasCount(1, run.TestIt.Runs);
        Assert.HasCount(152, run.Run.Rows);
        Assert.AreEqual(152, run.Log.Count(Delivery.Sent));
        Assert.AreEqual(1, run.Run.HeldPosts);
        Assert.AreEqual("Completed", run.Run.State);
    }
}

using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;
using TestItStandIn;
using static SyncStorage.Server.Tests.TestIt.PublisherFixture;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
public sealed class ResendTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public async Task What_an_outage_left_is_sent_exactly_once(int mode)
    {
        await using PublisherFixture run = await StartAsync(mode: mode, prepare: server => server.Faults.Down = true);
        ObservedResult held = Result("Held", "Failed");
        StoredResult heldStored = run.Publish(held, held: true);
        List<StoredResult> all = [heldStored];
        for (int i = 0; i < 250; i++)
        {
            all.Add(run.Publish(Result("Test" + i)));
        }

        Assert.IsFalse(await run.CompleteAsync(held, seconds: 0.5));
        Assert.AreEqual(251, run.Log.Count(Delivery.Spooled));
        run.TestIt.Faults.Down = false;
        Assert.IsTrue(await ResendAsync(run, new SpooledRun(null, all, [], heldStored.Index, Cut(held))), run.NoticesText);
        AssertWhole(run);

        // Once more, as if the journal had been lost: it is all there.
        foreach (long index in run.Log.Deliveries.Keys)
        {
            run.Log.Deliveries[index] = (Delivery.Spooled, null);
        }

        Assert.IsTrue(await ResendAsync(run, new SpooledRun(run.Run.Id, all, [], heldStored.Index, Cut(held))), run.NoticesText);
        AssertWhole(run);
    }

    [TestMethod]
    public async Task A_resend_killed_at_any_point_is_finished_by_the_next()
    {
        for (int stopAfter = 1; stopAfter < 12; stopAfter++)
        {
            await using PublisherFixture run = await StartAsync(open: false);
            ObservedResult held = Result("Held", "Failed");
            List<StoredResult> all = [new StoredResult(run.Log.Add(held), "w", "net10.0", false)];
            for (int i = 0; i < 250; i++)
            {
                all.Add(new StoredResult(run.Log.Add(Result("Test" + i)), "w", "net10.0", false));
            }

            // Killed: whatever it had done, no word of it reaches a journal.
            int requests = 0;
            run.TestIt.Faults.Applies = (_, _) => Interlocked.Increment(ref requests) > stopAfter;
            run.TestIt.Faults.BlackHole = true;
            var lost = new FakeDeliveryLog { Source = run.Log.Read };
            var left = new SpooledRun(run.Run.Id, all, [], 0, Cut(held));
            using (var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(400)))
            {
                Assert.IsFalse((await Resend.RunAsync(run.Settings, Token, left, lost, TimeProvider.System, Quick, deadline.Token)).IsDone);
            }

            run.TestIt.Faults.BlackHole = false;
            Assert.IsTrue(await ResendAsync(run, left), $"stopped after {stopAfter}: {run.NoticesText}");
            AssertWhole(run);
        }
    }

    private static void AssertWhole(PublisherFixture run)
    {
        run.AssertNoViolation();
        Assert.HasCount(1, run.TestIt.Runs);
        Assert.HasCount(251, run.Run.Rows);
        Assert.AreEqual(1, run.Run.HeldPosts);
        Assert.AreEqual(251, run.Log.Count(Delivery.Sent));
        Assert.AreEqual("Completed", run.Run.State);
        Assert.AreEqual(1, run.Run.Rows.Count(row => row.StatusType == "Failed"));
    }

    private static async Task<bool> ResendAsync(PublisherFixture run, SpooledRun left)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return (await Resend.RunAsync(run.Settings, Token, left, run.Log, TimeProvider.System, Quick, deadline.Token)).IsDone;
    }
}

using SyncStorage.Results;
using SyncStorage.Server.Results;

namespace SyncStorage.Server.Tests.Runs;

/// <summary>When it is known what has become of a worker's results: SyncStorageFailOnError waits for that.</summary>
[TestClass]
public sealed class SettledTests
{
    [TestMethod]
    public void What_has_not_been_sent_yet_is_not_settled_though_the_counts_call_it_spooled()
    {
        using RunFixture run = WithOneWorker(Delivery.Pending);
        Assert.AreEqual((false, 2L), Standing(run));
        Assert.IsTrue(run.Publisher.IsHurried);
    }

    [TestMethod]
    [DataRow(nameof(Delivery.Sent), 0)]
    [DataRow(nameof(Delivery.Rejected), 0)]
    [DataRow(nameof(Delivery.Spooled), 2)]
    public void What_has_its_place_is_settled(string delivery, int spooled)
    {
        using RunFixture run = WithOneWorker(Enum.Parse<Delivery>(delivery));
        Assert.AreEqual((true, (long)spooled), Standing(run));
        Assert.IsFalse(run.Publisher.IsHurried);
    }

    [TestMethod]
    public void The_held_result_stands_in_Test_IT_until_the_run_ends()
    {
        using RunFixture run = WithOneWorker(Delivery.Pending);
        run.Publisher.Standing = new PublisherStanding { Held = [0] };
        Assert.AreEqual((false, 1L), Standing(run));
        run.Publisher.Standing = new PublisherStanding { Held = [0, 1] };
        Assert.AreEqual((true, 0L), Standing(run));
    }

    [TestMethod]
    public void A_publisher_that_has_given_up_leaves_nothing_to_wait_for()
    {
        using RunFixture run = WithOneWorker(Delivery.Pending);
        run.Publisher.Standing = new PublisherStanding { HasGivenUp = true };
        Assert.AreEqual((true, 2L), Standing(run));
    }

    [TestMethod]
    public void What_the_user_wants_at_the_end_is_no_trouble()
    {
        using RunFixture run = WithOneWorker(Delivery.Pending);
        run.Publisher.Standing = new PublisherStanding { SendsAtTheEnd = true };
        Assert.AreEqual((true, 0L), Standing(run));
    }

    [TestMethod]
    public void A_worker_does_not_wait_for_the_first_result_of_a_master_that_is_still_at_work()
    {
        using var run = new RunFixture(publishes: true);
        run.Publisher.Fate = _ => Delivery.Pending;
        run.Register("master");
        run.Register("other");
        run.HandOver("other", 0, 1);
        run.Complete("other");
        Assert.AreEqual((true, 0L), Standing(run, "other"));

        run.HandOver("master", 0);
        run.Complete("master");
        Assert.AreEqual((false, 2L), Standing(run, "other"));
    }

    private static RunFixture WithOneWorker(Delivery fate)
    {
        var run = new RunFixture(publishes: true);
        run.Publisher.Fate = _ => fate;
        run.Register("w");
        run.HandOver("w", 0, 1);
        Assert.IsFalse(Standing(run).Settled, "not done");
        run.Complete("w");
        return run;
    }

    private static (bool Settled, long Spooled) Standing(RunFixture run, string pid = "w")
    {
        run.Time.Advance(TimeSpan.FromSeconds(2));
        run.Run.Pass();
        ReportedWorker worker = run.ReadReport().Workers.Single(worker => worker.Pid == pid);
        return (worker.Settled, worker.Spooled);
    }
}

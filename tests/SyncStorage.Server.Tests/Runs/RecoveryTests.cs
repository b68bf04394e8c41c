using SyncStorage.Mail;
using SyncStorage.Protocol;
using SyncStorage.Server.Mail;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Tests.Runs;

/// <summary>What a data collector's mail is good for, from the file to the report.</summary>
[TestClass]
public sealed class RecoveryTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [TestMethod]
    public async Task What_a_test_host_takes_with_it_is_in_the_report()
    {
        using var fixture = new RunFixture(publishes: false);
        Crash(fixture, results: 1);

        await EndAsync(fixture);

        Assert.AreEqual((3L, 2L), (fixture.ReadReport().Results.Observed, fixture.ReadReport().Results.Recovered));
        CollectionAssert.AreEqual(
            new[] { "N.C.M0 Passed False", "N.C.M1 Passed True", "N.C.M2 Failed True" },
            fixture.ReadResults().Select(line => $"{line.GetProperty("fullyQualifiedName")} {line.GetProperty("outcome")} {line.TryGetProperty("recovered", out _)}").ToArray());
        Assert.IsTrue(fixture.ReadResults().All(line => line.GetProperty("worker").GetString() == "w"));
    }

    [TestMethod]
    public async Task A_run_without_a_crash_says_that_none_was_recovered()
    {
        using var fixture = new RunFixture(publishes: false);
        using (MailFile collector = Collector(fixture))
        using (var logger = new MailingWorker(fixture.Folder.MailDirectory, "R", "w"))
        {
            collector.Write(MailLines.Start(Test(0), 0, At));
            collector.Write(MailLines.End(Test(0), 0, At, "Passed"));
            logger.Send(0, 1).Complete();
            collector.Write(MailLines.Completed());
        }

        await EndAsync(fixture);

        StringAssert.Contains(await File.ReadAllTextAsync(fixture.Folder.ReportPath), "\"recovered\": 0");
        Assert.IsFalse(fixture.ReadResults().Single().TryGetProperty("recovered", out _), "only on lines that were");
    }

    /// <summary>The server died after it had stored what it recovered and before the mail was gone, in part or whole.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Nothing_is_recovered_twice(bool collectorsIsGone)
    {
        using var fixture = new RunFixture(publishes: false);
        Crash(fixture, results: 1);
        string copy = fixture.Folder.MailDirectory + "-copy";
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.GetFiles(fixture.Folder.MailDirectory))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        await ReadAsync(fixture);
        foreach (string file in Directory.GetFiles(copy).Where(file => !collectorsIsGone || file.Contains("logger", StringComparison.Ordinal)))
        {
            Directory.CreateDirectory(fixture.Folder.MailDirectory);
            File.Move(file, Path.Combine(fixture.Folder.MailDirectory, Path.GetFileName(file)), overwrite: true);
        }

        fixture.RestartServer();
        await EndAsync(fixture);

        Assert.AreEqual((3L, 2L), (fixture.ReadReport().Results.Observed, fixture.ReadReport().Results.Recovered));
        Assert.HasCount(3, fixture.ReadResults());
    }

    /// <summary>Nobody is left who could end: the invocation was killed.</summary>
    [TestMethod]
    public async Task The_end_of_the_run_recovers_as_well()
    {
        using var fixture = new RunFixture(publishes: false);
        using (MailFile collector = Collector(fixture))
        using (var logger = new MailingWorker(fixture.Folder.MailDirectory, "R", "w"))
        {
            fixture.Processes.Alive[Environment.ProcessId] = OwnBirth();
            collector.Write(MailLines.Start(Test(0), 0, At));
            await ReadAsync(fixture);
            CollectionAssert.AreEqual(new[] { "M0" }, fixture.Run.RunningTests("w").ToArray());
        }

        await fixture.FinishAsync(interrupted: true);

        Assert.AreEqual((1L, 1L), (fixture.ReadReport().Results.Observed, fixture.ReadReport().Results.Recovered));
    }

    /// <summary>Another service gives its slot to whoever is first: nobody waits there for VSTest to hand a result over.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task The_masters_first_ended_test_is_offered_to_another_service_at_once(bool answersLate)
    {
        var slot = new RecordingSlot();
        using var fixture = new RunFixture(publishes: true, slot);
        using MailFile collector = Collector(fixture);
        using var logger = new MailingWorker(fixture.Folder.MailDirectory, "R", "w");
        fixture.Processes.Alive[Environment.ProcessId] = OwnBirth();
        collector.Write(MailLines.Start(Test(0), 0, At));
        await ReadAsync(fixture);
        fixture.Run.ForeignMaster("w");
        Assert.IsNull(slot.Offered);

        collector.Write(MailLines.Start(Test(1), 1, At));
        collector.Write(MailLines.End(Test(1), 0, At, "Failed"));
        await ReadAsync(fixture);

        Assert.AreEqual(("case-1", "Failed", "w"), (slot.Offered!.TestCaseId, slot.Offered.StatusCode, slot.Offered.Pid));
        if (!answersLate)
        {
            fixture.Run.HoldForeign(slot.Offered, null);
        }

        logger.Send(0, 2);
        await ReadAsync(fixture);
        if (answersLate)
        {
            fixture.Run.HoldForeign(slot.Offered, null);
        }

        slot.IsDecided = true;
        fixture.Run.Pass();
        CollectionAssert.AreEqual(new[] { (1L, true), (0L, false) }, fixture.Publisher.Published, "its result is the held one, whoever was faster");
    }

    [TestMethod]
    public async Task Nothing_is_offered_to_another_service_of_a_test_whose_id_only_its_result_can_tell()
    {
        var slot = new RecordingSlot();
        using var fixture = new RunFixture(publishes: true, slot);
        using MailFile collector = Collector(fixture);
        fixture.Processes.Alive[Environment.ProcessId] = OwnBirth();
        collector.Write(MailLines.End(Test(0) with { Traits = [new MailedTrait("ExternalId", "pay-{how}")] }, 0, At, "Passed"));
        await ReadAsync(fixture);

        fixture.Run.ForeignMaster("w");

        Assert.IsNull(slot.Offered);
    }

    /// <summary>Two passes: a process that has ended counts as alive once more, so that its last mail is read.</summary>
    private static async Task EndAsync(RunFixture fixture)
    {
        await ReadAsync(fixture);
        await fixture.FinishAsync();
    }

    private static async Task ReadAsync(RunFixture fixture)
    {
        using var mailbox = new Mailbox(fixture.Run, [fixture.Folder.MailDirectory], LocalCoordinator.Instance, fixture.Log);
        for (int pass = 0; pass < 3; pass++)
        {
            await mailbox.PollAsync();
            fixture.Run.Pass();
        }

        await mailbox.PollAsync();
    }

    /// <summary>Two tests ended, a third was running, and of the ended ones some results came. The collector's process is dead.</summary>
    private static void Crash(RunFixture fixture, int results)
    {
        using var logger = new MailingWorker(fixture.Folder.MailDirectory, "R", "w");
        using MailFile collector = Collector(fixture);
        for (int number = 0; number < 3; number++)
        {
            collector.Write(MailLines.Start(Test(number), number, At.AddSeconds(number)));
            if (number < 2)
            {
                collector.Write(MailLines.End(Test(number), number, At.AddSeconds(number + 1), "Passed"));
            }
        }

        logger.Send(0, results);
    }

    private static MailFile Collector(RunFixture fixture)
    {
        string folder = fixture.Folder.MailDirectory;
        var mail = new MailFile(folder, "w", "collector", (text, cause) => throw new InvalidOperationException(text, cause));
        mail.Write(MailLines.Worker(new MailAddress(folder, "R", "P", "net10.0"), "w", "collector"));
        return mail;
    }

    private static MailedTest Test(int number) => MailingWorker.Numbered(number).Test;

    private static string OwnBirth() => SyncStorage.Sessions.ProcessIdentity.OfSelf()!.Birth;

    private sealed class RecordingSlot : IForeignSlot
    {
        public TestResultCut? Offered { get; private set; }
        public bool IsDecided { get; set; }
        public bool IsOffered => Offered is not null;

        public void Offer(TestResultCut cut, long? index)
        {
            Assert.IsNull(index, "before the result is there");
            Offered = cut;
        }

        public Task<bool> FinishAsync(CancellationToken deadline) => Task.FromResult(true);
    }
}

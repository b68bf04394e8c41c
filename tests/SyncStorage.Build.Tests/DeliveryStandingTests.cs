using SyncStorage.Results;

namespace SyncStorage.Build.Tests;

/// <summary>What SyncStorageFailOnError reads in a report.</summary>
[TestClass]
public sealed class DeliveryStandingTests
{
    [TestMethod]
    [DataRow("in_progress", false, "completed", true, false)]
    [DataRow("completed", false, "completed", true, false)]
    [DataRow("completed", true, "completed", false, false)]
    [DataRow("completed", true, "in_progress", false, true)]
    [DataRow("lost", true, "completed", true, true)]
    public void Settled_are_the_own_results_and_those_of_all_that_ended_before(string own, bool ownSettled, string other, bool otherSettled, bool expected)
        => Assert.AreEqual(expected, Read(own, ownSettled, 0, other, otherSettled).IsSettled);

    [TestMethod]
    public void A_worker_that_the_report_does_not_know_is_not_settled()
        => Assert.IsFalse(DeliveryStanding.Of(new Report(), "own").IsSettled);

    [TestMethod]
    public void An_outage_is_forgotten_once_everything_has_arrived()
    {
        Diagnostic away = Diagnostics.TestItUnreachable("http://test-it", "no answer");
        Diagnostic file = Diagnostics.AttachmentLeftOut("a", "it is empty");
        Diagnostic[] notices = [away, file, new Diagnostic(null, "news")];
        CollectionAssert.AreEqual(new[] { file }, Read("completed", true, 0, "completed", true, notices).Notices.ToArray());
        CollectionAssert.AreEqual(new[] { away, file }, Read("completed", true, 1, "completed", true, notices).Notices.ToArray());
        CollectionAssert.AreEqual(new[] { away, file }, Read("completed", false, 0, "completed", true, notices).Notices.ToArray());
    }

    [TestMethod]
    public void No_report_is_not_settled()
        => Assert.IsFalse(DeliveryStanding.Read("nowhere/report.json", "own").IsSettled);

    private static DeliveryStanding Read(string own, bool ownSettled, int spooled, string other, bool otherSettled, params Diagnostic[] notices)
        => DeliveryStanding.Of(
            new Report
            {
                Workers =
                [
                    new ReportedWorker { Pid = "own", Status = own, Settled = ownSettled, Spooled = spooled },
                    new ReportedWorker { Pid = "other", Status = other, Settled = otherSettled },
                ],
                Notices = notices,
            },
            "own");
}

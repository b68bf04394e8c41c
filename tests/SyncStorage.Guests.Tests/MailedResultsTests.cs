using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using SyncStorage.Mail;
using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class MailedResultsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [TestMethod]
    public void Everything_that_Test_IT_needs_is_kept()
    {
        TestResult result = FakeTestRun.Result("N.C.Adds", TestOutcome.Failed);
        result.TestCase.DisplayName = "Adds";
        result.DisplayName = "Adds (1,2)";
        result.ErrorMessage = "expected 3";
        result.ErrorStackTrace = "at N.C.Adds()";
        result.StartTime = Noon;
        result.EndTime = Noon.AddMilliseconds(12.6);
        result.Duration = TimeSpan.FromMilliseconds(12.6);
        result.Messages.Add(new TestResultMessage(TestResultMessage.StandardOutCategory, "one\n"));
        result.Messages.Add(new TestResultMessage(TestResultMessage.AdditionalInfoCategory, "two"));
        result.Messages.Add(new TestResultMessage(TestResultMessage.StandardErrorCategory, "oh"));
        var set = new AttachmentSet(new Uri("x://y"), "files");
        set.Attachments.Add(new UriDataAttachment(new Uri("file:///tmp/a%20b.png"), "picture"));
        result.Attachments.Add(set);
        result.TestCase.Traits.Add("Owner", "me");

        MailedResult observed = MailedResults.Of(result, Noon);

        Assert.AreEqual(
            ("N.C.Adds", "Adds (1,2)", "Adds", "Failed", "expected 3", "at N.C.Adds()", "one\ntwo", "oh"),
            (observed.Test.FullyQualifiedName, observed.DisplayName, observed.Test.DisplayName, observed.Outcome, observed.Message, observed.Trace, observed.StandardOutput, observed.StandardError));
        Assert.AreEqual((Noon, Noon.AddMilliseconds(13), 13L), (observed.StartedOn, observed.CompletedOn, observed.DurationMs));
        Assert.AreEqual("executor://mstestadapter/v4", observed.Test.ExecutorUri);
        Assert.AreEqual(result.TestCase.Id.ToString(), observed.Test.TestCaseId);
        CollectionAssert.AreEqual(new[] { "/tmp/a b.png" }, observed.Attachments.ToArray());
        CollectionAssert.AreEqual(new[] { new MailedTrait("Owner", "me") }, observed.Test.Traits.ToArray());
    }

    [TestMethod]
    [DataRow(0, 100, 100, 0, DisplayName = "start, end and duration agree")]
    [DataRow(0, 150, 100, 0, DisplayName = "the end was noted late")]
    [DataRow(100, 100, 100, 0, DisplayName = "both are the moment of reporting")]
    [DataRow(-1, 100, 100, 0, DisplayName = "no start")]
    [DataRow(-1, -1, 300, 0, DisplayName = "neither: now is the end")]
    [DataRow(0, -1, 100, 0, DisplayName = "no end")]
    [DataRow(100, 50, 50, 0, DisplayName = "an end before the start")]
    [DataRow(0, 0, 0, 0, DisplayName = "skipped")]
    public void Times_always_agree_with_the_duration(int start, int end, int duration, int expectedStart)
    {
        TestResult result = FakeTestRun.Result();
        result.StartTime = start < 0 ? default : Noon.AddMilliseconds(start);
        result.EndTime = end < 0 ? default : Noon.AddMilliseconds(end);
        result.Duration = TimeSpan.FromMilliseconds(duration);

        MailedResult observed = MailedResults.Of(result, Noon.AddMilliseconds(300));

        Assert.AreEqual(Noon.AddMilliseconds(expectedStart), observed.StartedOn);
        Assert.AreEqual(observed.StartedOn.AddMilliseconds(observed.DurationMs), observed.CompletedOn);
    }

    [TestMethod]
    public void Times_are_utc_and_durations_whole_and_never_negative()
    {
        TestResult result = FakeTestRun.Result();
        result.StartTime = Noon.ToOffset(TimeSpan.FromHours(3));
        result.EndTime = result.StartTime;
        result.Duration = TimeSpan.FromSeconds(-1);

        MailedResult observed = MailedResults.Of(result, Noon);

        Assert.AreEqual((Noon, TimeSpan.Zero, 0L), (observed.StartedOn, observed.StartedOn.Offset, observed.DurationMs));
    }

    [TestMethod]
    public void An_absurd_duration_does_not_lose_the_result()
    {
        TestResult result = FakeTestRun.Result();
        result.Duration = TimeSpan.MaxValue;

        Assert.AreEqual(43_200_000_000L, MailedResults.Of(result, Noon).DurationMs);
    }

    [TestMethod]
    [DataRow("MSTestDiscoverer.TestCategory")]
    [DataRow("NUnit.TestCategory")]
    public void Categories_are_traits_wherever_the_framework_keeps_them(string property)
    {
        TestResult result = FakeTestRun.Result();
        result.TestCase.SetPropertyValue(TestProperty.Register(property, "TestCategory", typeof(string[]), typeof(TestCase)), new[] { "slow", "db" });
        result.TestCase.Traits.Add("Category", "slow");

        CollectionAssert.AreEquivalent(new[] { "Category=slow", "Category=db" }, Traits(MailedResults.Of(result, Noon)));
    }

    [TestMethod]
    public void The_managed_names_are_kept_where_the_adapter_gives_them()
    {
        TestResult result = FakeTestRun.Result();
        result.TestCase.SetPropertyValue(TestProperty.Register("TestCase.ManagedType", "ManagedType", typeof(string), typeof(TestCase)), "N.C`1");
        result.TestCase.SetPropertyValue(TestProperty.Register("TestCase.ManagedMethod", "ManagedMethod", typeof(string), typeof(TestCase)), "Adds(System.Int32)");

        MailedResult observed = MailedResults.Of(result, Noon);

        Assert.AreEqual(("N.C`1", "Adds(System.Int32)"), (observed.Test.ManagedType, observed.Test.ManagedMethod));
    }

    [TestMethod]
    public void A_bare_result_has_names_and_no_nulls_in_lists()
    {
        MailedResult observed = MailedResults.Of(FakeTestRun.Result("N.C.Adds", TestOutcome.None), Noon);

        Assert.AreEqual(("N.C.Adds", "N.C.Adds", "None"), (observed.DisplayName, observed.Test.DisplayName, observed.Outcome));
        Assert.IsNull(observed.Message);
        Assert.IsNull(observed.StandardOutput);
        Assert.IsEmpty(observed.Attachments);
        Assert.IsEmpty(observed.Test.Traits);
    }

    [TestMethod]
    public void A_huge_output_keeps_its_beginning_and_its_end()
    {
        TestResult result = FakeTestRun.Result();
        result.Messages.Add(new TestResultMessage(TestResultMessage.StandardOutCategory, "begin" + new string('x', 5_000_000) + "end"));

        string output = MailedResults.Of(result, Noon).StandardOutput!;

        Assert.IsLessThan(1_001_000, output.Length);
        StringAssert.StartsWith(output, "begin");
        StringAssert.EndsWith(output, "end");
        StringAssert.Contains(output, "4000008 characters left out");
    }

    private static List<string> Traits(MailedResult observed) => observed.Test.Traits.Select(t => $"{t.Name}={t.Value}").ToList();
}

using System.Text;
using SyncStorage.Results;
using SyncStorage.Server.Runs;

namespace SyncStorage.Server.Tests.Runs;

/// <summary>What is missing of a worker: s = a test starts, e = it ends, r = its result comes. A name is a test case.</summary>
[TestClass]
public sealed class WitnessedTestsTests
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly WitnessedTests _witnessed = new();
    private readonly Dictionary<string, long> _sequences = [];
    private int _seconds;

    [TestMethod]
    [DataRow("sA eA rA", "", DisplayName = "all came")]
    [DataRow("sA eA sB eB rA", "B Passed", DisplayName = "one did not come")]
    [DataRow("sA eA sB", "A Passed, B Failed", DisplayName = "one was running")]
    [DataRow("sA sB eB sC eC", "A Failed, B Passed, C Passed", DisplayName = "tests in parallel")]
    [DataRow("rA sA eA", "", DisplayName = "the result is read before the start")]
    [DataRow("sA rA eA", "", DisplayName = "the result is read before the end")]
    [DataRow("rE", "", DisplayName = "a result without start or end, as NUnit's explicit tests have")]
    [DataRow("eA", "A Passed", DisplayName = "an end whose start got lost")]
    [DataRow("eA rA", "", DisplayName = "an end whose start got lost, with its result")]
    [DataRow("sF eF rF rF rF", "", DisplayName = "folded rows: one end, several results")]
    [DataRow("sF rF rF eF", "", DisplayName = "folded rows, the end later")]
    [DataRow("sF rF", "", DisplayName = "folded rows, crashed after the first: a result came")]
    [DataRow("sD eD sD eD sD eD rD rD", "D Passed", DisplayName = "three rows with one id, two results")]
    [DataRow("sD eD rD sD", "D Failed", DisplayName = "a row with the same id was running")]
    [DataRow("sD eD sD rD", "D Failed", DisplayName = "the same, its result later")]
    [DataRow("sA sA eA rA eA rA", "", DisplayName = "the same id twice at once")]
    public void Every_end_stands_for_one_result(string events, string expected) => Assert.AreEqual(expected, Missing(events));

    [TestMethod]
    [DataRow("sD e-D:Failed sD eD rD", "D Failed", DisplayName = "the passed one came")]
    [DataRow("sD e-D:Failed sD eD r-D:Failed", "D Passed", DisplayName = "the failed one came")]
    [DataRow("r-D:Failed sD e-D:Failed sD eD", "D Passed", DisplayName = "and first")]
    [DataRow("sD eD r-D:Skipped", "", DisplayName = "the result counts, whatever the host had made of it")]
    public void Of_several_runs_of_a_test_the_one_with_another_outcome_is_missing(string events, string expected) => Assert.AreEqual(expected, Missing(events));

    /// <summary>Adapters tell an end without a result of what they do not count.</summary>
    [TestMethod]
    public void A_worker_that_ended_well_misses_no_result_but_a_test_that_never_ended()
    {
        Tell("sA eA sB");

        Assert.AreEqual("B Failed", Names(_witnessed.Missing(endedWell: true)));
    }

    [TestMethod]
    public void What_is_settled_is_not_missing_any_more()
    {
        Tell("sA eA sB");
        Assert.HasCount(2, _witnessed.Missing(endedWell: false));

        _witnessed.Settle();

        Assert.IsEmpty(_witnessed.Missing(endedWell: false));
    }

    /// <summary>What could not be stored is read again, with all that stands beside it.</summary>
    [TestMethod]
    public void A_line_that_comes_again_counts_once()
    {
        for (int time = 0; time < 2; time++)
        {
            _sequences.Clear();
            Tell("sA eA rA sB eB sC");
        }

        Assert.AreEqual("B Passed, C Failed", Names(_witnessed.Missing(endedWell: false)));
    }

    [TestMethod]
    public void The_same_mail_read_again_makes_the_same_results()
    {
        IEnumerable<long> Read()
        {
            var witnessed = new WitnessedTests();
            witnessed.Started("host1", Line("start", 0, "A"));
            witnessed.Ended("host1", Line("end", 0, "A"));
            witnessed.Started("host2", Line("start", 0, "B"));
            witnessed.Ended("host2", Line("end", 0, "B"));
            return witnessed.Missing(endedWell: false).Select(result => result.Sequence).ToList();
        }

        CollectionAssert.AreEqual(Read().ToArray(), Read().ToArray());
        Assert.AreEqual(2, Read().Distinct().Count());
        Assert.IsTrue(Read().All(sequence => sequence is >= 1L << 52 and < 1L << 53), "no logger counts that far, and JavaScript can");
    }

    [TestMethod]
    public void A_recovered_result_is_who_the_real_one_would_have_been()
    {
        Tell("sA");
        _seconds += 2;
        Tell("eA");

        ObservedResult result = _witnessed.Missing(endedWell: false).Single();

        Assert.AreEqual(("A", "N.C.A", "A shown", "A shown", "executor://x", "a.dll", "N.C", "A(int)"),
            (result.TestCaseId, result.FullyQualifiedName, result.DisplayName, result.TestCaseDisplayName, result.ExecutorUri, result.Source, result.ManagedType, result.ManagedMethod));
        Assert.AreEqual(new ResultTrait { Name = "ExternalId", Value = "mine" }, result.Traits.Single());
        Assert.AreEqual((Begin.AddSeconds(1), Begin.AddSeconds(4), 3000L), (result.StartedOn, result.CompletedOn, result.DurationMs));
        Assert.AreEqual("Passed", result.Outcome);
        Assert.IsTrue(result.Recovered);
        Assert.AreEqual("The test host ended before this result was reported: only its outcome and times are known.", result.Message);
    }

    [TestMethod]
    public void A_test_that_was_running_is_named_with_the_reason_and_the_stack_apart()
    {
        Tell("sA");

        _witnessed.End = new WitnessedEnd("Test host process crashed : Process terminated.\nas told\n   at N.C.A()\n   at Main()", Begin.AddSeconds(9));

        ObservedResult result = _witnessed.Missing(endedWell: false).Single();

        Assert.AreEqual("The test host ended while this test was running. Test host process crashed : Process terminated.\nas told", result.Message);
        Assert.AreEqual("   at N.C.A()\n   at Main()", result.Trace);
        Assert.AreEqual((Begin.AddSeconds(1), Begin.AddSeconds(9), 8000L), (result.StartedOn, result.CompletedOn, result.DurationMs));
    }

    [TestMethod]
    public void Which_tests_run_and_which_ended_first_is_known_at_once()
    {
        Tell("sA sB eB sC");

        CollectionAssert.AreEqual(new[] { "A shown", "C shown" }, _witnessed.Running.ToArray());
        Assert.AreEqual("N.C.B", _witnessed.FirstEnded!.FullyQualifiedName);
        _witnessed.TakeFirst();
        Tell("eA");
        Assert.IsNull(_witnessed.FirstEnded);
    }

    private string Missing(string events)
    {
        Tell(events);
        return Names(_witnessed.Missing(endedWell: false));
    }

    private static string Names(IReadOnlyList<ObservedResult> results)
        => string.Join(", ", results.Select(result => $"{result.TestCaseId} {result.Outcome}").Order());

    private void Tell(string events)
    {
        foreach (string text in events.Split(' '))
        {
            string name = text[1..].TrimStart('-').Split(':')[0];
            string outcome = text.Contains(':') ? text.Split(':')[1] : "Passed";
            switch (text[0])
            {
                case 's':
                    _witnessed.Started("host", Line("start", Next("s"), name));
                    break;
                case 'e':
                    _witnessed.Ended("host", Line("end", Next("e"), name, outcome));
                    break;
                case 'r':
                    _witnessed.Arrived(Next("r"), name, outcome);
                    break;
            }
        }
    }

    private long Next(string kind) => _sequences[kind] = _sequences.GetValueOrDefault(kind, -1) + 1;

    private byte[] Line(string type, long sequence, string name, string outcome = "Passed")
    {
        string time = (type == "start" ? "startedOn" : "completedOn") + $"\":\"{Begin.AddSeconds(++_seconds):O}";
        string ended = type == "start" ? "" : $$""","outcome":"{{outcome}}" """;
        return Encoding.UTF8.GetBytes($$"""
            {"type":"{{type}}","sequence":{{sequence}},"{{time}}"{{ended}},"testCaseId":"{{name}}","fullyQualifiedName":"N.C.{{name}}","testCaseDisplayName":"{{name}} shown",
            "executorUri":"executor://x","source":"a.dll","managedType":"N.C","managedMethod":"{{name}}(int)","traits":[{"name":"ExternalId","value":"mine"}]}
            """);
    }
}

using SyncStorage.Results;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Server.TestIt.Content;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
public sealed class ContentTests
{
    private const string Mstest = "executor://mstestadapter/v2";
    private const string Nunit = "executor://nunit3testexecutor/";
    private const string Xunit = "executor://xunit/VsTestRunner2/netcoreapp";

    /// <summary>Read from this very assembly's metadata.</summary>
    private static readonly string Assembly = typeof(ContentTests).Assembly.Location;

    public static void Sample(int first, string second) => _ = (first, second);

    public static void Overloaded(int one) => _ = one;

    public static void Overloaded(int one, int two) => _ = (one, two);

    [TestMethod]
    [DataRow(Mstest, "Sample", "Sample (1,\"a\")", "first=1;second=a")]
    [DataRow(Mstest, "Sample", "Sample (1,a)", "first=1;second=a")]
    [DataRow(Mstest, "Sample", "Sample (1,\"a, b (c) \\\" d\")", "first=1;second=a, b (c) \\\" d")]
    [DataRow(Nunit, "Sample(1,\"a\")", "Sample(1,\"a\")", "first=1;second=a")]
    [DataRow(Xunit, "Sample", "SyncStorage.Server.Tests.TestIt.ContentTests.Sample(first: 1, second: \"a: b\")", "first=1;second=a: b")]
    [DataRow(Mstest, "Overloaded", "Overloaded (1)", "one=1")]
    [DataRow(Mstest, "Overloaded", "Overloaded (1,2)", "one=1;two=2")]
    [DataRow(Mstest, "Overloaded", "Overloaded (1,2,3)", "1=1;2=2;3=3")]
    [DataRow(Mstest, "Sample", "the first case", "displayName=the first case")]
    [DataRow(Mstest, "Sample", "works (mostly)", "displayName=works (mostly)")]
    [DataRow(Mstest, "Unknown", "Unknown (1,[2,3])", "1=1;2=[2,3]")]
    [DataRow(Mstest, "Unknown", "Unknown", "")]
    [DataRow(Nunit, "Unknown<Int32>(5)", "Unknown<Int32>(5)", "1=5")]
    [DataRow(Xunit, "Sample", "Order is paid(first: 1, second: \"card\")", "first=1;second=card")]
    [DataRow(Xunit, "Sample", "Order (v: 2) is paid (at once)(first: 1, second: \"a), (b: c\")", "first=1;second=a), (b: c")]
    [DataRow(Xunit, "Sample", "Sample is paid(first: 1, second: Order { Total = -1, How = \"x\" })", "first=1;second=Order { Total = -1, How = \"x\" }")]
    [DataRow(Xunit, "Sample", "Pays(first: 1, second: \"a\", ???: 3)", "first=1;second=a;3=???: 3")]
    [DataRow(Xunit, "Overloaded", "Paid(one: 1)", "one=1")]
    [DataRow(Xunit, "Sample", "Order is paid (mostly)", "displayName=Order is paid (mostly)")]
    [DataRow(Xunit, "Sample", "Order is paid(other: 1)", "displayName=Order is paid(other: 1)")]
    [DataRow(Xunit, "Inherited", "Order (v2) is paid(how: \"card\", n: 1)", "how=card;n=1")]
    [DataRow(Xunit, "Texts_are_bounded", "Ratio (a: b)", "")]
    [DataRow(Mstest, "Sample", "fails (first: 1)", "displayName=fails (first: 1)")]
    public void Parameters_are_named_as_the_method_names_them(string executor, string method, string displayName, string expected)
    {
        ResultContent content = Map(new ObservedResult
        {
            ExecutorUri = executor,
            FullyQualifiedName = "SyncStorage.Server.Tests.TestIt.ContentTests." + method,
            ManagedType = "SyncStorage.Server.Tests.TestIt.ContentTests",
            DisplayName = displayName,
            TestCaseDisplayName = displayName,
            Source = Assembly,
        });
        Assert.AreEqual(expected, string.Join(';', content.Parameters.Select(p => $"{p.Key}={p.Value}")));
    }

    public static void Texts_are_bounded()
    {
    }

    public class Browser(string name, int version)
    {
        public void Opens(string page, int version = 0) => _ = (page, name, version, Version);

        public void Closes() => _ = Version;

        private int Version { get; } = version;
    }

    [TestMethod]
    [DataRow("Browser(\"chrome\",9).Opens(\"home\",3)", "Opens(\"home\",3)", "page=home;version=3;name=chrome;fixture.version=9")]
    [DataRow("Browser(\"fire.fox(1)\",9).Closes", "Closes", "name=fire.fox(1);version=9")]
    [DataRow("Browser(\"chrome\").Closes", "Closes", "fixture.1=chrome")]
    public void Arguments_of_a_fixture_are_parameters_of_all_its_tests(string test, string displayName, string expected)
    {
        ResultContent content = Map(new ObservedResult
        {
            ExecutorUri = Nunit,
            FullyQualifiedName = "SyncStorage.Server.Tests.TestIt.ContentTests+" + test,
            DisplayName = displayName,
            TestCaseDisplayName = displayName,
            Source = Assembly,
        });
        Assert.AreEqual(expected, string.Join(';', content.Parameters.Select(p => $"{p.Key}={p.Value}")));
    }

    [TestMethod]
    public void One_framework_of_several_is_a_parameter_even_where_those_of_the_test_are_ignored()
    {
        ObservedResult result = Observed("M") with { DisplayName = "M (1)", FrameworkOfSeveral = "net8.0" };
        Assert.AreEqual("1=1;targetFramework=net8.0", string.Join(';', Map(result).Parameters.Select(p => $"{p.Key}={p.Value}")));
        Assert.AreEqual("net8.0", ResultContent.Of(result, "Official", ignoreParameters: true, new ParameterNames()).Parameters.Single().Value);
    }

    [TestMethod]
    [DataRow("pay-{how}", "Order is paid(how: \"card\", n: 1)", "pay-card", null)]
    [DataRow("pay-{how}-{n}", "Order is paid(how: \"{n}\", n: 1)", "pay-{n}-1", null)]
    [DataRow("pay-{what}", "Order is paid(how: \"card\", n: 1)", null, "what")]
    [DataRow("pay-{how}", "Order is paid", null, "how")]
    [DataRow("{0f8fad5b-d9cb-469f-a165-70867728950e}", "Order is paid", "{0f8fad5b-d9cb-469f-a165-70867728950e}", null)]
    public void A_template_is_filled_or_not_used_at_all(string template, string displayName, string? expected, string? unknown)
    {
        ObservedResult result = Observed("Pays") with { ExecutorUri = Xunit, DisplayName = displayName, TestCaseDisplayName = displayName, Traits = [Trait("ExternalId", template)] };
        ResultContent content = Map(result);
        Assert.AreEqual((expected ?? TestIdentity.Of(result with { Traits = [] }, "Official").ExternalId, unknown), (content.ExternalId, content.UnknownPlaceholder));
        Assert.AreEqual(content.ExternalId, AutoTestId.Of(result, "Official", new ParameterNames()).Value);
    }

    [TestMethod]
    public void Parameters_can_be_ignored()
        => Assert.IsEmpty(ResultContent.Of(Observed("M") with { DisplayName = "M (1)" }, "Official", ignoreParameters: true, new ParameterNames()).Parameters);

    [TestMethod]
    public void An_id_with_a_placeholder_gets_the_rows_value()
        => Assert.AreEqual("case-7", Map(Observed("M") with { DisplayName = "M (7)", Traits = [Trait("ExternalId", "case-{1}"), Trait("Title", "Seven is {1}, {2}")] }).ExternalId);

    [TestMethod]
    public void Traits_fill_the_autotest()
    {
        AutoTestContent test = Map(Observed("M") with
        {
            Traits =
            [
                Trait("Title", "a <b>title</b>"), Trait("Description", "d"), Trait("Labels", "x, y"), Trait("Label", "z"), Trait("Tags", "t"), Trait("WorkItemIds", "1,2"),
                Trait("Links", """[{"url":"https://a","type":"Issue","title":"A"},{"url":"https://b"}]"""), Trait("Links", "https://c"),
            ],
        }).AutoTest;
        Assert.AreEqual("a &lt;b&gt;title&lt;/b&gt;", test.Title);
        Assert.AreEqual("d", test.Description);
        Assert.AreEqual("x y z", string.Join(' ', test.Labels));
        Assert.AreEqual("t", test.Tags.Single());
        Assert.AreEqual("1 2", string.Join(' ', test.WorkItemIds));
        Assert.AreEqual("https://a Issue, https://b Related, https://c Related", string.Join(", ", test.Links.Select(link => $"{link.Url} {link.Type}")));
    }

    [TestMethod]
    [DataRow("a < b and c > d", "a < b and c > d")]
    [DataRow("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;")]
    [DataRow("List<int> and 1 < 2", "List&lt;int&gt; and 1 &lt; 2")]
    [DataRow("<open\nclose>", "<open\nclose>")]
    public void Texts_are_escaped_as_Test_IT_expects(string text, string expected) => Assert.AreEqual(expected, HtmlText.Escape(text));

    [TestMethod]
    public void What_is_no_text_is_taken_out()
        => Assert.AreEqual("xy\ufffdz\ud83d\ude00\ufffd", HtmlText.Escape(string.Concat("x\0y", (char)0xD800, "z\ud83d\ude00", (char)0xDC00)));

    [TestMethod]
    public void Message_trace_and_output_stay_apart()
    {
        ResultContent content = Map(Observed("M") with { Message = "boom", Trace = "at M()", StandardOutput = "out\n", StandardError = "err" });
        Assert.AreEqual("boom", content.Message);
        Assert.AreEqual("at M()\n\nStandard output:\nout\n\nStandard error:\nerr", content.Traces);
    }

    [TestMethod]
    public void Output_is_bounded()
        => Assert.IsLessThan(70_000, Map(Observed("M") with { StandardOutput = new string('o', 1_000_000) }).Traces!.Length);

    [TestMethod]
    public void Lines_of_the_official_package_become_steps_links_and_files()
    {
        const string outer = "11111111-1111-1111-1111-111111111111";
        const string inner = "22222222-2222-2222-2222-222222222222";
        const string setup = "33333333-3333-3333-3333-333333333333";
        string output = $$"""
            before
            TmsStep: {"Guid":"{{setup}}","StartedOn":"2026-01-01T00:00:00Z","Title":"Prepare","ProtocolVersion":2,"Phase":0}
            TmsStepResult: {"Guid":"{{setup}}","CompletedOn":"2026-01-01T00:00:01Z","Duration":1000,"Outcome":"Passed"}
            TmsStep: {"Guid":"{{outer}}","StartedOn":"2026-01-01T00:00:00Z","Title":"Outer","Args":{"a":"1"},"ProtocolVersion":2,"Phase":1}
            TmsStep: {"Guid":"{{inner}}","StartedOn":"2026-01-01T00:00:00Z","Title":"Inner","ParentGuid":"{{outer}}","ProtocolVersion":2,"Phase":1}
            TmsStepAttachmentAsText: {"StepGuid":"{{inner}}","Name":"note.txt","Content":"hello"}
            TmsStepResult: {"Guid":"{{inner}}","CompletedOn":"2026-01-01T00:00:01Z","Duration":5,"Outcome":"Failed"}
            TmsStepResult: {"Guid":"{{inner}}","CompletedOn":"2026-01-01T00:00:01Z","Duration":5,"Outcome":"Passed"}
            TmsStepLinks: [{"Type":4,"Title":"T","Url":"https://l","Description":null}]
            TmsStepMessage: from the test
            TmsStepAttachment: {"PathToFile":"/tmp/file.log"}
            TmsStep: not json
            after
            """;
        ResultContent content = Map(Observed("M") with { StandardOutput = output, Message = "boom" });
        Assert.AreEqual("Prepare", content.Setup.Single().Title);
        Assert.AreEqual("Outer", content.Steps.Single().Title);
        Assert.AreEqual("Failed", content.Steps[0].Steps.Single().Outcome);
        Assert.AreEqual("note.txt", content.Steps[0].Steps[0].Files.Single().Name);
        Assert.AreEqual("https://l Issue", $"{content.Links.Single().Url} {content.Links[0].Type}");
        Assert.AreEqual("/tmp/file.log", content.Files.Single().Path);
        Assert.AreEqual("from the test\nboom", content.Message);
        Assert.AreEqual("Standard output:\nbefore\nTmsStep: not json\nafter", content.Traces);
        Assert.AreEqual("Inner", content.AutoTest.Steps.Single().Steps!.Single().Title);
    }

    [TestMethod]
    public void Steps_end_at_the_fifteenth_level()
    {
        string output = string.Join('\n', Enumerable.Range(1, 40).Select(i =>
            $$"""TmsStep: {"Guid":"{{Id(i)}}","Title":"s{{i}}","ProtocolVersion":2{{(i > 1 ? $",\"ParentGuid\":\"{Id(i - 1)}\"" : "")}}}"""));
        ResultContent content = Map(Observed("M") with { StandardOutput = output });
        int depth = 0;
        for (var steps = ResultContent.ToStepResults(content.Steps, new System.Collections.Generic.Dictionary<TestFile, string>()); steps is not null; steps = steps[0].StepResults)
        {
            depth++;
        }

        Assert.AreEqual(15, depth);

        static string Id(int i) => $"00000000-0000-0000-0000-{i:D12}";
    }

    [TestMethod]
    public void An_update_is_made_only_when_something_changed_and_keeps_what_others_wrote()
    {
        AutoTestContent test = Map(Observed("M") with { Traits = [Trait("Labels", "mine")] }).AutoTest;
        var known = new AutoTestDetails
        {
            Id = "i", ExternalId = test.ExternalId, Name = test.Name, Namespace = test.Namespace, Classname = test.ClassName,
            Labels = [new LabelModel { Name = "theirs" }, new LabelModel { Name = "mine" }], Description = "theirs", IsFlaky = true,
        };
        Assert.IsNull(test.ToUpdate("p", known));
        AutoTestUpdateModel update = (test with { Title = "new" }).ToUpdate("p", known)!;
        Assert.AreEqual("theirs", update.Description);
        Assert.IsTrue(update.IsFlaky);
        Assert.AreEqual("mine theirs", string.Join(' ', update.Labels!.Select(label => label.Name)));
    }

    [TestMethod]
    public void Odd_times_become_possible_ones()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        ResultContent content = Map(Observed("M") with { StartedOn = now, CompletedOn = now.AddHours(-1), DurationMs = 1500 });
        Assert.AreEqual(now.UtcDateTime.AddMilliseconds(1500), content.CompletedOn);
        Assert.AreEqual(0, Map(Observed("M") with { DurationMs = -5 }).DurationMs);
        Assert.AreEqual(43_200_000_000, Map(Observed("M") with { DurationMs = long.MaxValue }).DurationMs);
    }

    private static ResultContent Map(ObservedResult result) => ResultContent.Of(result, "Official", ignoreParameters: false, new ParameterNames());

    private static ObservedResult Observed(string method) => new()
    {
        ExecutorUri = Mstest,
        FullyQualifiedName = "N.C." + method,
        ManagedType = "N.C",
        DisplayName = method,
        TestCaseDisplayName = method,
        Outcome = "Passed",
    };

    private static ResultTrait Trait(string name, string value) => new() { Name = name, Value = value };
}

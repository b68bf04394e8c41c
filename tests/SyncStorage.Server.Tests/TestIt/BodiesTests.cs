using System.Text.Json.Nodes;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;
using TestItStandIn;
using static SyncStorage.Server.Tests.TestIt.PublisherFixture;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
public sealed class BodiesTests
{
    private static readonly (string Method, string Path, string Schema, bool IsArray)[] Kinds =
    [
        ("POST", "/testRuns", "CreateEmptyTestRunApiModel", false),
        ("PUT", "/testRuns", "UpdateEmptyTestRunApiModel", false),
        ("POST", "/testResults", "AutoTestResultsForTestRunModel", true),
        ("POST", "/testResults/search", "TestResultsFilterApiModel", false),
        ("PUT", "/testResults/*", "TestResultUpdateV2Request", false),
        ("POST", "/autoTests/search", "AutoTestSearchApiModel", false),
        ("POST", "/autoTests/bulk", "AutoTestCreateApiModel", true),
        ("PUT", "/autoTests/bulk", "AutoTestUpdateApiModel", true),
        ("POST", "/workItems", "WorkItemIdApiModel", false),
        ("POST", "/configurations/search", "ConfigurationFilterModel", false),
    ];

    [TestMethod]
    public async Task Every_body_satisfies_both_versions_of_the_API()
    {
        var requests = new List<RecordedRequest>();
        foreach (int mode in new[] { 0, 1, 2 })
        {
            requests.AddRange(await PublishAsync(mode, Flavour.V2));
        }

        // An unknown configuration is asked about, and that question has a body, too.
        await using (PublisherFixture wrong = await StartAsync(settings: settings => settings with { ConfigurationId = Guid.NewGuid().ToString() }))
        {
            wrong.Publisher.ReleaseOthers();
            wrong.Publish(Result("One"));
            await wrong.CompleteAsync();
            requests.AddRange(wrong.TestIt.Requests);
        }

        foreach ((string method, string path, string schema, bool isArray) in Kinds)
        {
            var bodies = requests.Where(request => request.Method == method && request.Body is not null && Matches(request.Path, path)).Select(request => request.Body!).ToList();
            Assert.IsNotEmpty(bodies, $"no {method} {path}");
            foreach (string body in bodies)
            {
                foreach (OpenApiSchemas schemas in new[] { OpenApiSchemas.V57, OpenApiSchemas.Cloud })
                {
                    JsonNode? node = JsonNode.Parse(body);
                    IReadOnlyList<string> problems = isArray ? schemas.ValidateArray(schema, node) : schemas.Validate(schema, node);
                    Assert.IsEmpty(problems, $"{schemas.Name}: {string.Join("; ", problems)}\n{body}");
                }
            }
        }
    }

    /// <summary>The other flavour has schemas of its own in the stand-in, as closed: a body that does not fit is a violation.</summary>
    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    public async Task Every_body_fits_the_newer_flavour(int mode)
    {
        IReadOnlyList<RecordedRequest> requests = await PublishAsync(mode, Flavour.Adapters);
        Assert.IsTrue(requests.Any(request => request.Method == "PUT" && request.Path.StartsWith("/adapters/testResults/", StringComparison.OrdinalIgnoreCase)), string.Join('\n', requests));
    }

    /// <summary>Everything that a run can have: files, steps, links, work items, a retry, in mode 0 planned rows; then a resend of it.</summary>
    private static async Task<IReadOnlyList<RecordedRequest>> PublishAsync(int mode, Flavour flavour)
    {
        ObservedResult held = Rich("Held", "<b>held</b>");
        await using PublisherFixture run = await StartAsync(
            new TestItOptions { AutoClose = false, Flavour = flavour },
            settings => settings with
            {
                TestRunName = "Nightly",
                TestRunTags = ["tag"],
                TestRunLinks = "https://ci/1",
                AutomaticCreationTestCases = true,
                AutomaticUpdationLinksToTestCases = true,
            },
            mode,
            prepare: server =>
            {
                server.AddAutoTest(TestIdentity.Of(held, "Official").ExternalId, "old name");
                string planned = TestIdentity.Of(Result("Planned"), "Official").ExternalId;
                server.AddAutoTest(planned, "Planned");
                if (mode == 0)
                {
                    server.AddPlannedRow(server.Runs[0], planned);
                }
            });
        run.Publish(held, held: true);
        run.Publish(Rich("Other", "plain"));
        run.Publish(Result("Add", displayName: "Add (1,2)"));
        run.Publish(Rich("Planned", "planned", "Failed") with { Trace = "at N.C" });
        run.Publish(Rich("Flaky", "first", "Failed"));
        await UntilAsync(() => run.TestIt.Runs.Count > 0 && run.Run.Rows.Count == 5, "all rows");
        run.Publish(Rich("Flaky", "first"));
        Assert.IsTrue(await run.CompleteAsync(held), run.NoticesText);
        run.AssertNoViolation();
        ResultRow row = run.Run.Rows.Single(one => one.ExternalId == TestIdentity.Of(Result("Planned"), "Official").ExternalId);
        Assert.AreEqual(("Failed", "planned", 7L), (row.StatusType, row.Message, row.Duration));
        if (mode == 0)
        {
            // Test IT takes no steps for a row that is there: they follow the stack trace in words.
            StringAssert.Contains(row.Traces, "Steps:\nStep: Passed (5 ms)");
        }

        await ResendAsync(run);
        run.AssertNoViolation();
        return run.TestIt.Requests;
    }

    /// <summary>The same once more, as if no answer had come back.</summary>
    private static async Task ResendAsync(PublisherFixture run)
    {
        run.Run.State = "InProgress";
        long another = run.Log.Add(Rich("Left", "left"));
        var left = new SpooledRun(run.Run.Id, [new StoredResult(another, "worker-1", "net10.0", true)], [], null, null);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        Assert.IsTrue((await Resend.RunAsync(run.Settings, Token, left, run.Log, TimeProvider.System, Quick, deadline.Token)).IsDone, run.NoticesText);
    }

    private static bool Matches(string path, string pattern)
        => pattern.EndsWith("/*", StringComparison.Ordinal)
            ? path.Contains(pattern[..^1], StringComparison.Ordinal)
            : path.EndsWith(pattern, StringComparison.Ordinal);

    private static ObservedResult Rich(string method, string text, string outcome = "Passed") => Result(method, outcome) with
    {
        Message = text,
        StandardOutput = """
            TmsStep: {"Guid":"11111111-1111-1111-1111-111111111111","StartedOn":"2026-01-01T00:00:00Z","Title":"Step","Args":{"a":"1"},"ProtocolVersion":2,"Phase":1}
            TmsStepAttachmentAsText: {"StepGuid":"11111111-1111-1111-1111-111111111111","Name":"note.txt","Content":"hello"}
            TmsStepResult: {"Guid":"11111111-1111-1111-1111-111111111111","CompletedOn":"2026-01-01T00:00:01Z","Duration":5,"Outcome":"Passed"}
            TmsStep: {"Guid":"22222222-2222-2222-2222-222222222222","Title":"Tear down","ProtocolVersion":2,"Phase":2}
            TmsStepLinks: [{"Type":4,"Title":"T","Url":"https://l"}]
            output
            """,
        Traits =
        [
            new ResultTrait { Name = "Title", Value = "t" }, new ResultTrait { Name = "Description", Value = "d" }, new ResultTrait { Name = "Labels", Value = "l1,l2" },
            new ResultTrait { Name = "Tags", Value = "tag" }, new ResultTrait { Name = "Links", Value = "https://x" }, new ResultTrait { Name = "WorkItemIds", Value = "1" },
        ],
    };
}

using System.Globalization;
using System.Text.Json.Nodes;

namespace TestItStandIn;

/// <summary>What Test IT knows, and the rules by which it changes. What a client must not do is a violation, refused or not.</summary>
internal sealed class TestItState(TestItOptions options)
{
    private const int MostPerRequest = 100;
    private const int DeepestStep = 15;
    private const long MostDurationMs = 43_200_000_000;

    private readonly Dictionary<string, TestRun> _runs = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, AutoTest> _autoTests = [];
    private readonly Dictionary<string, AutoTest> _autoTestsById = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, (TestRun Run, ResultRow Row)> _rows = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, UploadedFile> _files = new(StringComparer.OrdinalIgnoreCase);

    public List<string> Violations { get; } = [];
    public IEnumerable<TestRun> Runs => _runs.Values;
    public IEnumerable<AutoTest> AutoTests => _autoTests.Values;
    public IEnumerable<UploadedFile> Files => _files.Values;

    public string WorkflowId { get; } = "33333333-3333-3333-3333-333333333333";

    public void CheckProject(string id, int status = 404)
    {
        if (!string.Equals(id, options.ProjectId, StringComparison.OrdinalIgnoreCase))
        {
            throw new RefusedException(status, $"Project with id {id} was not found");
        }
    }

    public TestRun CreateRun(JsonObject body)
    {
        CheckProject(body["projectId"]!.GetValue<string>());
        var run = new TestRun
        {
            Id = Guid.NewGuid().ToString(),
            Name = body["name"]?.GetValue<string>() ?? "TestRun " + (_runs.Count + 1).ToString(CultureInfo.InvariantCulture),
            ProjectId = options.ProjectId,
            Description = body["description"]?.GetValue<string>(),
            LaunchSource = body["launchSource"]?.GetValue<string>(),
            Links = WithIds(body["links"]),
            Tags = (JsonArray?)body["tags"]?.DeepClone() ?? [],
        };
        _runs.Add(run.Id, run);
        return run;
    }

    /// <summary>Adds a run as if a user had made it.</summary>
    public TestRun AddRun(string? id, string state)
    {
        var run = new TestRun { Id = id ?? Guid.NewGuid().ToString(), Name = "Given run", ProjectId = options.ProjectId, State = state };
        _runs.Add(run.Id, run);
        return run;
    }

    public void UpdateRun(JsonObject body)
    {
        TestRun run = FindRun(body["id"]!.GetValue<string>());
        run.Name = body["name"]!.GetValue<string>();
        run.Description = body["description"]?.GetValue<string>();
        run.LaunchSource = body["launchSource"]?.GetValue<string>();
        run.Links = WithIds(body["links"]);
        run.Tags = (JsonArray?)body["tags"]?.DeepClone() ?? [];
    }

    public TestRun FindRun(string id)
        => _runs.TryGetValue(id, out TestRun? run) ? run : throw new RefusedException(404, $"Can't find a TestRun with id = {id}");

    public void ChangeRunState(string id, string verb)
    {
        TestRun run = FindRun(id);
        string target = verb switch { "start" => "InProgress", "stop" => "Stopped", _ => "Completed" };
        bool allowed = verb == "start" ? run.State is "NotStarted" or "Stopped" : run.State == "InProgress" || (verb == "complete" && run.State == "NotStarted");
        if (!allowed)
        {
            throw new RefusedException(400, $"The StateName is already {run.State}");
        }

        run.State = target;
        if (verb == "start")
        {
            run.StartedOn ??= DateTimeOffset.UtcNow;
        }
        else
        {
            run.CompletedOn = DateTimeOffset.UtcNow;
            if (verb == "complete" && run.Rows.Any(row => row.IsInProgress))
            {
                Violations.Add($"run {id} was completed with an InProgress row");
            }
        }
    }

    public List<string> PostResults(string runId, JsonArray bodies)
    {
        TestRun run = FindRun(runId);
        if (run.State == "NotStarted")
        {
            throw new RefusedException(400, "Test run is not started");
        }

        if (run.IsOver)
        {
            Violations.Add($"late result: {bodies.Count} results were posted to the {run.State} run {runId}");
            throw new RefusedException(400, $"Test run is {run.State.ToLowerInvariant()}");
        }

        RefuseViolationWhen(bodies.Count > MostPerRequest, $"{bodies.Count} results in one POST");
        RefuseViolationWhen(bodies.Select(body => body!["autoTestExternalId"]!.GetValue<string>()).GroupBy(id => id).FirstOrDefault(g => g.Count() > 1) is not null, "two results of one autotest in one POST");

        // All or nothing: check every result before the first changes anything.
        var checkedOnes = bodies.Select(body => (Body: (JsonObject)body!, Status: CheckResult((JsonObject)body!))).ToList();
        var ids = checkedOnes.Select(one => Put(run, one.Body, one.Status)).ToList();
        AutoClose(run);
        return ids;
    }

    public ResultRow AddPlannedRow(TestRun run, string externalId, string? testPointId, IReadOnlyDictionary<string, string>? parameters)
    {
        var row = new ResultRow
        {
            Id = Guid.NewGuid().ToString(),
            RunId = run.Id,
            ExternalId = externalId,
            ConfigurationId = options.ConfigurationId,
            Parameters = parameters ?? new Dictionary<string, string>(),
            TestPointId = testPointId,
        };
        Add(run, row);
        return row;
    }

    public (TestRun Run, ResultRow Row) FindRow(string id)
        => _rows.TryGetValue(id, out (TestRun, ResultRow) found) ? found : throw new RefusedException(404, $"Test result with id {id} was not found");

    public void UpdateRow(string id, JsonObject body)
    {
        (TestRun run, ResultRow row) = FindRow(id);
        if (body.ContainsKey("stepResults"))
        {
            Violations.Add($"PUT of result {id} carried stepResults: the step tree is destroyed");
        }

        if (run.IsOver)
        {
            Violations.Add($"late update: result {id} of the {run.State} run {run.Id}");
            throw new RefusedException(400, $"Test run is {run.State.ToLowerInvariant()}");
        }

        if (body["statusType"] is not null || body["statusCode"] is not null)
        {
            (string type, string code) = ResolveStatus(body);
            if (!row.IsInProgress && type is "InProgress" or "Pending")
            {
                Violations.Add($"final -> {type}: result {id} of {row.ExternalId}");
            }

            row.StatusType = type;
            row.StatusCode = code;
        }

        row.Message = body["message"]?.GetValue<string>() ?? row.Message;
        row.Traces = body["trace"]?.GetValue<string>() ?? row.Traces;
        row.Duration = body["duration"]?.GetValue<long>() ?? body["durationInMs"]?.GetValue<long>() ?? row.Duration;
        row.Updates++;
        AutoClose(run);
    }

    public List<ResultRow> SearchRows(JsonObject filter)
    {
        IEnumerable<string>? runIds = Strings(filter["testRunIds"]);
        IEnumerable<TestRun> runs = runIds is null ? _runs.Values : runIds.Select(id => _runs.GetValueOrDefault(id)).OfType<TestRun>();
        HashSet<string>? configurations = Strings(filter["configurationIds"])?.ToHashSet(StringComparer.OrdinalIgnoreCase);
        HashSet<string>? types = Strings(filter["statusTypes"])?.ToHashSet();
        HashSet<string>? codes = Strings(filter["statusCodes"])?.ToHashSet(StringComparer.OrdinalIgnoreCase);
        HashSet<long>? autoTests = (filter["autoTestGlobalIds"] as JsonArray)?.Select(id => id!.GetValue<long>()).ToHashSet();
        return runs.SelectMany(run => run.Rows)
            .Where(row => configurations?.Contains(row.ConfigurationId) != false)
            .Where(row => types?.Contains(row.StatusType) != false)
            .Where(row => codes?.Contains(row.StatusCode) != false)
            .Where(row => autoTests is null || (_autoTests.TryGetValue(row.ExternalId, out AutoTest? test) && autoTests.Contains(test.GlobalId)))
            .ToList();
    }

    public List<AutoTest> SearchAutoTests(JsonObject? filter)
    {
        HashSet<string>? projects = Strings(filter?["projectIds"])?.ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (projects is { Count: > 0 } && !projects.Contains(options.ProjectId))
        {
            return [];
        }

        List<string>? externalIds = Strings(filter?["externalIds"])?.ToList();
        return externalIds is null
            ? _autoTests.Values.OrderBy(test => test.GlobalId).ToList()
            : externalIds.Select(id => _autoTests.GetValueOrDefault(id)).OfType<AutoTest>().ToList();
    }

    public List<AutoTest> CreateAutoTests(IReadOnlyList<JsonObject> bodies)
    {
        RefuseViolationWhen(bodies.Count > MostPerRequest, $"{bodies.Count} autotests in one POST");
        foreach (JsonObject body in bodies)
        {
            CheckAutoTest(body);
            string id = body["externalId"]!.GetValue<string>();
            if (_autoTests.ContainsKey(id))
            {
                throw new RefusedException(409, $"Autotest with externalId {id} already exists in the project");
            }
        }

        if (bodies.Select(body => body["externalId"]!.GetValue<string>()).Distinct().Count() != bodies.Count)
        {
            throw new RefusedException(409, "Two autotests of one request share an externalId");
        }

        return bodies.Select(Add).ToList();
    }

    public int RemoveAutoTests()
    {
        int count = _autoTests.Count;
        _autoTests.Clear();
        _autoTestsById.Clear();
        return count;
    }

    public void UpdateAutoTests(IReadOnlyList<JsonObject> bodies)
    {
        RefuseViolationWhen(bodies.Count > MostPerRequest, $"{bodies.Count} autotests in one PUT");
        foreach (JsonObject body in bodies)
        {
            CheckAutoTest(body);
            string id = body["externalId"]!.GetValue<string>();
            if (!_autoTests.ContainsKey(id))
            {
                throw new RefusedException(404, $"Autotest with externalId {id} was not found");
            }
        }

        foreach (JsonObject body in bodies)
        {
            AutoTest test = _autoTests[body["externalId"]!.GetValue<string>()];
            string before = Describe(test.Body);
            test.Body = (JsonObject)body.DeepClone();
            test.Updates++;
            if (before == Describe(test.Body))
            {
                Violations.Add($"autotest {test.ExternalId} was updated although nothing changed");
            }
        }
    }

    /// <param name="id">Guid or global id.</param>
    public AutoTest FindAutoTest(string id)
        => _autoTestsById.TryGetValue(id, out AutoTest? test)
            || (long.TryParse(id, CultureInfo.InvariantCulture, out long globalId) && (test = _autoTests.Values.FirstOrDefault(one => one.GlobalId == globalId)) is not null)
            ? test
            : throw new RefusedException(404, $"Autotest with id {id} was not found");

    public void LinkWorkItem(string autoTestId, string workItemId)
    {
        AutoTest test = FindAutoTest(autoTestId);
        if (!options.WorkItems.Contains(workItemId))
        {
            if (!_unknownWorkItems.Add(workItemId))
            {
                Violations.Add($"work item {workItemId} was asked for again although it is unknown");
            }

            throw new RefusedException(404, $"Work item with id {workItemId} was not found");
        }

        test.WorkItems.Add(workItemId);
    }

    private readonly HashSet<string> _unknownWorkItems = [];

    public UploadedFile AddFile(string name, long size)
    {
        if (size > 50 * 1024 * 1024)
        {
            Violations.Add($"attachment {name} is larger than 50 MB");
            throw new RefusedException(400, "File is too large");
        }

        var file = new UploadedFile(Guid.NewGuid().ToString(), name, size);
        _files.Add(file.Id, file);
        return file;
    }

    /// <summary>What must hold when a run is over.</summary>
    public static IEnumerable<string> CheckEnd(TestRun run)
    {
        foreach (ResultRow row in run.Rows.Where(row => row.IsInProgress))
        {
            yield return $"row {row.Id} of {row.ExternalId} is still {row.StatusType}";
        }

        foreach (IGrouping<string, ResultRow> same in run.Rows.GroupBy(row => row.Key).Where(group => group.Count() > 1))
        {
            yield return $"{same.Count()} rows for {same.Key.ReplaceLineEndings(" | ")}";
        }
    }

    private (string Type, string Code) CheckResult(JsonObject body)
    {
        string externalId = body["autoTestExternalId"]!.GetValue<string>();
        if (!options.ConfigurationIds.Contains(body["configurationId"]!.GetValue<string>(), StringComparer.OrdinalIgnoreCase))
        {
            throw new RefusedException(422, $"Configuration with id {body["configurationId"]} was not found");
        }

        if (!_autoTests.ContainsKey(externalId))
        {
            throw new RefusedException(404, $"Autotest with external ID {externalId} was not found");
        }

        if (body["duration"] is JsonNode duration && duration.GetValue<long>() is < 0 or > MostDurationMs)
        {
            throw new RefusedException(400, "Duration must be a positive number");
        }

        if (Time(body["startedOn"]) is { } started && Time(body["completedOn"]) is { } completed && completed < started)
        {
            throw new RefusedException(400, "CompletedOn is before StartedOn");
        }

        if (body["duration"] is null || body["startedOn"] is null || body["completedOn"] is null)
        {
            Violations.Add($"result of {externalId} lacks duration, startedOn or completedOn");
        }

        if (options.RefuseResult(externalId) is string reason)
        {
            throw new RefusedException(400, reason);
        }

        foreach (JsonNode? attachment in body["attachments"] as JsonArray ?? [])
        {
            if (!_files.ContainsKey(attachment!["id"]!.GetValue<string>()))
            {
                throw new RefusedException(400, $"Attachment {attachment["id"]} was not found");
            }
        }

        foreach (string steps in new[] { "stepResults", "setupResults", "teardownResults" })
        {
            if (Depth(body[steps], "stepResults") > DeepestStep)
            {
                throw new RefusedException(400, $"{steps} are nested deeper than {DeepestStep}");
            }
        }

        return ResolveStatus(body);
    }

    private (string Type, string Code) ResolveStatus(JsonObject body)
    {
        string? type = body["statusType"]?.GetValue<string>();
        string? code = body["statusCode"]?.GetValue<string>();
        if (code is not null)
        {
            KeyValuePair<string, string> known = options.Statuses.FirstOrDefault(s => string.Equals(s.Key, code, StringComparison.OrdinalIgnoreCase));
            if (known.Key is null || (type is not null && known.Value != type))
            {
                throw new RefusedException(400, $"Status code {code} is not defined for {type}");
            }

            return (known.Value, known.Key);
        }

        string? first = options.Statuses.FirstOrDefault(s => s.Value == type).Key;
        if (type is null || (first is null && type is not ("InProgress" or "Succeeded" or "Failed" or "Incomplete" or "Pending")))
        {
            throw new RefusedException(400, "Outcome is not defined");
        }

        return (type, first ?? type);
    }

    private string Put(TestRun run, JsonObject body, (string Type, string Code) status)
    {
        string externalId = body["autoTestExternalId"]!.GetValue<string>();
        var parameters = (body["parameters"] as JsonObject)?.ToDictionary(p => p.Key, p => p.Value?.GetValue<string>() ?? "") ?? [];
        string configurationId = body["configurationId"]!.GetValue<string>();
        string key = ResultRow.MakeKey(externalId, configurationId, parameters);
        ResultRow? open = run.Rows.Where(row => row.IsInProgress && row.ExternalId == externalId && string.Equals(row.ConfigurationId, configurationId, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(row => row.Key == key)
            .FirstOrDefault(row => row.Key == key || row.Parameters.Count == 0);
        if (status.Type is "InProgress" or "Pending")
        {
            CountInProgress(run, externalId, isEvading: open is not null && open.Key != key);
        }
        else if (open is not null && options.MergeRule == MergeRule.EqualOrEmpty)
        {
            if (open.HasResult && open.Key != key)
            {
                Violations.Add($"the result {key.ReplaceLineEndings(" | ")} was swallowed by the row that another result holds open");
            }

            run.ByKey.Remove(open.Key);
            open.Parameters = parameters;
            run.ByKey[open.Key] = open;
            (open.StatusType, open.StatusCode) = status;
            Fill(open, body);
            return open.Id;
        }

        if (run.ByKey.TryGetValue(key, out ResultRow? existing))
        {
            Violations.Add(existing.IsInProgress
                ? $"a second row beside the InProgress one of {key.ReplaceLineEndings(" | ")}"
                : $"second {(status.Type is "InProgress" or "Pending" ? "result, InProgress after final," : "final result")} of {key.ReplaceLineEndings(" | ")}");
        }

        var row = new ResultRow
        {
            Id = Guid.NewGuid().ToString(),
            RunId = run.Id,
            ExternalId = externalId,
            ConfigurationId = configurationId,
            Parameters = parameters,
            StatusType = status.Type,
            StatusCode = status.Code,
        };
        Fill(row, body);
        Add(run, row);
        return row.Id;
    }

    /// <summary>One result holds the run open. Beside it only those may come as InProgress that an open row would swallow as final ones.</summary>
    private void CountInProgress(TestRun run, string externalId, bool isEvading)
    {
        if (isEvading)
        {
            run.EvadingPosts++;
        }
        else if (++run.HeldPosts > 1)
        {
            Violations.Add($"run {run.Id} got InProgress result number {run.HeldPosts} ({externalId})");
        }
    }

    private void Fill(ResultRow row, JsonObject body)
    {
        row.HasResult = true;
        row.Message = body["message"]?.GetValue<string>();
        row.Traces = body["traces"]?.GetValue<string>();
        row.Duration = body["duration"]?.GetValue<long>();
        if (options.RecordBodies)
        {
            row.Body = (JsonObject)body.DeepClone();
        }
    }

    private void Add(TestRun run, ResultRow row)
    {
        run.Rows.Add(row);
        run.ByKey[row.Key] = row;
        _rows.Add(row.Id, (run, row));
    }

    private AutoTest Add(JsonObject body)
    {
        var test = new AutoTest
        {
            Id = Guid.NewGuid().ToString(),
            GlobalId = _autoTests.Count + 1,
            ExternalId = body["externalId"]!.GetValue<string>(),
            ProjectId = options.ProjectId,
            Body = (JsonObject)body.DeepClone(),
        };
        _autoTests.Add(test.ExternalId, test);
        _autoTestsById.Add(test.Id, test);
        return test;
    }

    private void CheckAutoTest(JsonObject body)
    {
        CheckProject(body["projectId"]!.GetValue<string>());
        foreach (string member in new[] { "name", "externalId" })
        {
            if (string.IsNullOrWhiteSpace(body[member]!.GetValue<string>()))
            {
                throw new RefusedException(400, $"{member} must not be blank");
            }
        }

        if (options.RefuseAutoTest(body["externalId"]!.GetValue<string>()) is string reason)
        {
            throw new RefusedException(400, reason);
        }

        foreach (string steps in new[] { "steps", "setup", "teardown" })
        {
            if (body.ContainsKey(steps) && body[steps] is null)
            {
                throw new RefusedException(400, $"{steps} must not be null");
            }

            if (Depth(body[steps], "steps") > DeepestStep)
            {
                throw new RefusedException(400, $"{steps} are nested deeper than {DeepestStep}");
            }
        }
    }

    private void AutoClose(TestRun run)
    {
        if (options.AutoClose && run.State == "InProgress" && run.Rows.Count > 0 && !run.Rows.Any(row => row.IsInProgress))
        {
            run.State = "Completed";
            run.CompletedOn = DateTimeOffset.UtcNow;
        }
    }

    private void RefuseViolationWhen(bool violated, string what)
    {
        if (violated)
        {
            Violations.Add(what);
            throw new RefusedException(400, what);
        }
    }

    private static JsonArray WithIds(JsonNode? links)
        => new([.. (links as JsonArray ?? []).Select(link =>
        {
            var copy = (JsonObject)link!.DeepClone();
            copy["id"] ??= Guid.NewGuid().ToString();
            copy["hasInfo"] ??= false;
            return (JsonNode)copy;
        })]);

    private static int Depth(JsonNode? steps, string member)
        => steps is JsonArray { Count: > 0 } list ? 1 + list.Max(step => Depth(step?[member], member)) : 0;

    private static string Describe(JsonObject body)
    {
        var copy = (JsonObject)body.DeepClone();
        foreach (string irrelevant in new[] { "id", "resetLayer", "shouldCreateWorkItem", "isFlaky" })
        {
            copy.Remove(irrelevant);
        }

        foreach (JsonNode? link in copy["links"] as JsonArray ?? [])
        {
            ((JsonObject)link!).Remove("id");
        }

        return string.Join(',', copy.Where(m => m.Value is not null and not JsonArray { Count: 0 }).OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => m.Key + m.Value!.ToJsonString()));
    }

    private static IEnumerable<string>? Strings(JsonNode? node) => (node as JsonArray)?.Select(item => item!.GetValue<string>());

    private static DateTimeOffset? Time(JsonNode? node)
        => node is null ? null : DateTimeOffset.Parse(node.GetValue<string>(), CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Text.Json.Nodes;

namespace TestItStandIn;

/// <summary>How entities look on the wire: every required member of the schemas and what clients read.</summary>
internal static class Answers
{
    private const string SomeUser = "44444444-4444-4444-4444-444444444444";
    private const string NoGuid = "00000000-0000-0000-0000-000000000000";

    public static JsonObject Project(TestItOptions options, string workflowId) => new()
    {
        ["id"] = options.ProjectId,
        ["name"] = "Stand-in",
        ["isFavorite"] = false,
        ["workItemsCount"] = 0,
        ["isDeleted"] = false,
        ["createdDate"] = Time(DateTimeOffset.UnixEpoch),
        ["createdById"] = SomeUser,
        ["globalId"] = 7,
        ["type"] = "Regular",
        ["workflowId"] = workflowId,
    };

    public static JsonObject Workflow(TestItOptions options, string workflowId) => new()
    {
        ["id"] = workflowId,
        ["name"] = "Default",
        ["isSystem"] = true,
        ["isDefault"] = true,
        ["createdDate"] = Time(DateTimeOffset.UnixEpoch),
        ["createdById"] = SomeUser,
        ["modifiedDate"] = Time(DateTimeOffset.UnixEpoch),
        ["modifiedById"] = SomeUser,
        ["statuses"] = new JsonArray([.. options.Statuses.Select((status, i) => (JsonNode)new JsonObject
        {
            ["id"] = Id(100 + i),
            ["name"] = status.Key,
            ["code"] = status.Key,
            ["type"] = status.Value,
            ["description"] = null,
            ["isSystem"] = true,
            ["priority"] = i,
        })]),
        ["projects"] = new JsonArray(new JsonObject { ["id"] = options.ProjectId }),
    };

    public static JsonObject Configuration(TestItOptions options, string id, int index) => new()
    {
        ["id"] = id,
        ["name"] = "Configuration " + (index + 1).ToString(CultureInfo.InvariantCulture),
        ["projectId"] = options.ProjectId,
        ["isDefault"] = index == 0,
        ["createdDate"] = Time(DateTimeOffset.UnixEpoch),
        ["createdById"] = SomeUser,
        ["globalId"] = index + 1,
        ["isDeleted"] = false,
    };

    public static JsonObject Run(TestRun run) => new()
    {
        ["id"] = run.Id,
        ["name"] = run.Name,
        ["description"] = run.Description,
        ["launchSource"] = run.LaunchSource,
        ["startedOn"] = run.StartedOn is { } started ? Time(started) : null,
        ["completedOn"] = run.CompletedOn is { } completed ? Time(completed) : null,
        ["stateName"] = run.State,
        ["status"] = Status(run.State == "Completed" ? "Succeeded" : "InProgress", run.State),
        ["projectId"] = run.ProjectId,
        ["createdDate"] = Time(run.CreatedOn),
        ["createdById"] = SomeUser,
        ["attachments"] = new JsonArray(),
        ["links"] = run.Links.DeepClone(),
        ["webhooks"] = new JsonArray(),
        ["runCount"] = 1,
        ["tags"] = run.Tags.DeepClone(),
    };

    public static JsonObject ShortRow(ResultRow row, AutoTest? test) => new()
    {
        ["id"] = row.Id,
        ["name"] = test?.Name ?? row.ExternalId,
        ["autotestGlobalId"] = test?.GlobalId ?? 0,
        ["autotestExternalId"] = row.ExternalId,
        ["autoTestTags"] = new JsonArray(),
        ["testRunId"] = row.RunId,
        ["configurationId"] = row.ConfigurationId,
        ["configurationName"] = "Configuration",
        ["outcome"] = row.StatusCode,
        ["status"] = Status(row.StatusType, row.StatusCode),
        ["resultReasons"] = new JsonArray(),
        ["date"] = Time(row.CreatedOn),
        ["createdDate"] = Time(row.CreatedOn),
        ["duration"] = row.Duration,
        ["links"] = new JsonArray(),
        ["attachments"] = new JsonArray(),
        ["rerunCompletedCount"] = 0,
    };

    public static JsonObject Row(ResultRow row, AutoTest? test)
    {
        var answer = new JsonObject
        {
            ["id"] = row.Id,
            ["createdDate"] = Time(row.CreatedOn),
            ["createdById"] = SomeUser,
            ["failureClassIds"] = new JsonArray(),
            ["outcome"] = row.StatusType == "Succeeded" ? "Passed" : row.StatusType == "Failed" ? "Failed" : row.IsInProgress ? "InProgress" : "Skipped",
            ["status"] = Status(row.StatusType, row.StatusCode),
            ["autoTestId"] = test?.Id,
            ["configurationId"] = row.ConfigurationId,
            ["startedOn"] = row.Body["startedOn"]?.DeepClone(),
            ["completedOn"] = row.Body["completedOn"]?.DeepClone(),
            ["durationInMs"] = row.Duration,
            ["traces"] = row.Traces,
            ["message"] = row.Message,
            ["testPointId"] = row.TestPointId ?? NoGuid,
            ["testRunId"] = row.RunId,
            ["workItemVersionId"] = NoGuid,
            ["parameters"] = new JsonObject(row.Parameters.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
        };
        if (row.TestPointId is not null)
        {
            answer["testPoint"] = new JsonObject { ["id"] = row.TestPointId, ["isDeleted"] = false, ["iterationId"] = NoGuid, ["testSuiteId"] = NoGuid };
        }

        return answer;
    }

    public static JsonObject AutoTest(AutoTest test, bool steps, bool links, bool labels)
    {
        var answer = new JsonObject
        {
            ["id"] = test.Id,
            ["projectId"] = test.ProjectId,
            ["externalId"] = test.ExternalId,
            ["isFlaky"] = test.Body["isFlaky"]?.GetValue<bool>() ?? false,
            ["globalId"] = test.GlobalId,
            ["isDeleted"] = false,
            ["mustBeApproved"] = false,
            ["createdDate"] = Time(DateTimeOffset.UnixEpoch),
            ["createdById"] = SomeUser,
        };
        foreach (string member in new[] { "name", "namespace", "classname", "title", "description", "externalKey", "tags" })
        {
            answer[member] = test.Body[member]?.DeepClone();
        }

        if (steps)
        {
            foreach (string member in new[] { "steps", "setup", "teardown" })
            {
                answer[member] = test.Body[member]?.DeepClone() ?? new JsonArray();
            }
        }

        if (links)
        {
            answer["links"] = new JsonArray([.. (test.Body["links"] as JsonArray ?? []).Select(link =>
            {
                var copy = (JsonObject)link!.DeepClone();
                copy["id"] ??= Guid.NewGuid().ToString();
                copy["hasInfo"] ??= false;
                return (JsonNode)copy;
            })]);
        }

        if (labels)
        {
            answer["labels"] = new JsonArray([.. (test.Body["labels"] as JsonArray ?? []).Select((label, i) => (JsonNode)new JsonObject { ["name"] = label!["name"]!.GetValue<string>(), ["globalId"] = i + 1 })]);
        }

        return answer;
    }

    public static JsonObject File(UploadedFile file) => new()
    {
        ["id"] = file.Id,
        ["fileId"] = file.Id,
        ["type"] = "File",
        ["size"] = file.Size,
        ["createdDate"] = Time(DateTimeOffset.UtcNow),
        ["createdById"] = SomeUser,
        ["name"] = file.Name,
    };

    private static JsonObject Status(string type, string code) => new()
    {
        ["id"] = NoGuid,
        ["name"] = code,
        ["type"] = type,
        ["isSystem"] = true,
        ["code"] = code,
    };

    private static string Id(int number) => $"00000000-0000-0000-0000-{number:D12}";

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("o", CultureInfo.InvariantCulture);
}

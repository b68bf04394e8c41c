using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace TestItStandIn;

/// <summary>From method and path to what Test IT does. Bodies are checked against the schemas of the flavour before anything else.</summary>
internal sealed class TestItRoutes(TestItOptions options, TestItState state)
{
    private const int MostPerPage = 100;

    public (int Status, JsonNode? Answer) Serve(string method, string path, HttpContext context, MemoryStream body)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        bool adapters;
        if (parts is ["api", "v2", ..] && options.Flavour != Flavour.Adapters)
        {
            adapters = false;
            parts = parts[2..];
        }
        else if (parts is ["adapters", ..] && options.Flavour != Flavour.V2)
        {
            adapters = true;
            parts = parts[1..];
        }
        else
        {
            throw new RefusedException(404, "There is nothing at this address");
        }

        var call = new Call(adapters ? [OpenApiSchemas.Adapters] : [OpenApiSchemas.V57, OpenApiSchemas.Cloud], context, body, state);
        string results = adapters ? "test-results" : "testResults";
        string workItems = adapters ? "work-items" : "workItems";
        switch (method, parts)
        {
            case ("GET", ["projects", var id]):
                state.CheckProject(Guid(id));
                return (200, Answers.Project(options, state.WorkflowId));

            case ("GET", ["workflows", var id]):
                return Guid(id) == state.WorkflowId ? (200, Answers.Workflow(options, state.WorkflowId)) : throw new RefusedException(404, "Workflow was not found");

            case ("POST", ["configurations", "search"]):
                call.Read("ConfigurationFilterModel");
                return (200, Page(options.ConfigurationIds.Select((id, i) => Answers.Configuration(options, id, i)).ToList(), context));

            case ("POST", ["testRuns"]):
                return (201, Answers.Run(state.CreateRun(call.Read("CreateEmptyTestRunApiModel"))));

            case ("PUT", ["testRuns"]):
                state.UpdateRun(call.Read("UpdateEmptyTestRunApiModel"));
                return (204, null);

            case ("GET", ["testRuns", var id]):
                return (200, Answers.Run(state.FindRun(Guid(id))));

            case ("POST", ["testRuns", var id, "start" or "stop" or "complete"]):
                state.ChangeRunState(Guid(id), parts[2]);
                return (204, null);

            case ("POST", ["testRuns", var id, var last]) when last == results:
                List<string> ids = state.PostResults(Guid(id), call.ReadArray("AutoTestResultsForTestRunModel"));
                return (200, new JsonArray([.. ids.Select(one => (JsonNode)one)]));

            case ("POST", ["testResults", "search"]):
                Dictionary<string, AutoTest> tests = state.AutoTests.ToDictionary(test => test.ExternalId);
                return (200, Page(state.SearchRows(call.Read("TestResultsFilterApiModel")), context, row => Answers.ShortRow(row, tests.GetValueOrDefault(row.ExternalId))));

            case ("GET", ["testResults", var id]):
                ResultRow found = state.FindRow(Guid(id)).Row;
                return (200, Answers.Row(found, state.AutoTests.FirstOrDefault(test => test.ExternalId == found.ExternalId)));

            case ("PUT", ["testResults", var id]):
                state.UpdateRow(Guid(id), call.Read("TestResultUpdateV2Request"));
                return (200, null);

            case ("POST", ["autoTests", "search"]):
                return SearchAutoTests(call, context);

            case ("POST", ["autoTests"]):
                return (201, Answers.AutoTest(state.CreateAutoTests([call.Read("AutoTestCreateApiModel")])[0], true, true, true));

            case ("PUT", ["autoTests"]):
                state.UpdateAutoTests([call.Read("AutoTestUpdateApiModel")]);
                return (204, null);

            case ("POST", ["autoTests", "bulk"]):
                List<AutoTest> created = state.CreateAutoTests([.. call.ReadArray("AutoTestCreateApiModel").Select(item => (JsonObject)item!)]);
                return (201, new JsonArray([.. created.Select(test => (JsonNode)Answers.AutoTest(test, true, true, true))]));

            case ("PUT", ["autoTests", "bulk"]):
                state.UpdateAutoTests([.. call.ReadArray("AutoTestUpdateApiModel").Select(item => (JsonObject)item!)]);
                return (204, null);

            case ("GET", ["autoTests", var id, var last]) when last == workItems:
                return (200, new JsonArray([.. state.FindAutoTest(id).WorkItems.Select(item => (JsonNode)new JsonObject
                {
                    ["id"] = $"55555555-5555-5555-5555-{item.PadLeft(12, '0')}",
                    ["globalId"] = long.Parse(item, CultureInfo.InvariantCulture),
                })]));

            case ("POST", ["autoTests", var id, var last]) when last == workItems:
                state.LinkWorkItem(id, call.Read("WorkItemIdApiModel")["id"]!.GetValue<string>());
                return (204, null);

            case ("DELETE", ["autoTests", var id, var last]) when last == workItems:
                state.FindAutoTest(id).WorkItems.Remove(context.Request.Query["workItemId"].ToString());
                return (204, null);

            case ("POST", ["attachments"]):
                IFormFile file = call.ReadFile();
                return (201, Answers.File(state.AddFile(file.FileName, file.Length)));

            default:
                throw new RefusedException(404, "There is nothing at this address");
        }
    }

    private (int, JsonNode?) SearchAutoTests(Call call, HttpContext context)
    {
        JsonObject body = call.Read("AutoTestSearchApiModel");
        var includes = body["includes"] as JsonObject;
        bool Includes(string member) => includes?[member]?.GetValue<bool>() == true;
        return (200, Page(
            state.SearchAutoTests(body["filter"] as JsonObject),
            context,
            test => Answers.AutoTest(test, Includes("includeSteps"), Includes("includeLinks"), Includes("includeLabels"))));
    }

    private static string Guid(string text)
        => System.Guid.TryParse(text, out Guid id) ? id.ToString() : throw new RefusedException(400, $"'{text}' is not a guid");

    private static JsonArray Page(List<JsonObject> all, HttpContext context) => Page(all, context, item => item);

    private static JsonArray Page<T>(List<T> all, HttpContext context, Func<T, JsonObject> render)
    {
        int Number(string name, int fallback)
            => int.TryParse(context.Request.Query[name].ToString(), CultureInfo.InvariantCulture, out int number) ? number : fallback;

        IEnumerable<T> page = all.Skip(Number("Skip", 0)).Take(Math.Min(Number("Take", 20), MostPerPage));
        return new JsonArray([.. page.Select(item => (JsonNode)render(item))]);
    }

    /// <summary>The body of one request, read by its schema.</summary>
    private sealed class Call(IReadOnlyList<OpenApiSchemas> flavour, HttpContext context, MemoryStream body, TestItState state)
    {
        public JsonObject Read(string schema)
        {
            JsonNode? node = Parse();
            Refuse(schema, flavour.SelectMany(schemas => schemas.Validate(schema, node).Select(problem => $"{schemas.Name}: {problem}")));
            return (JsonObject)node!;
        }

        public JsonArray ReadArray(string schema)
        {
            JsonNode? node = Parse();
            Refuse(schema, flavour.SelectMany(schemas => schemas.ValidateArray(schema, node).Select(problem => $"{schemas.Name}: {problem}")));
            return (JsonArray)node!;
        }

        public IFormFile ReadFile()
        {
            body.Position = 0;
            context.Request.Body = body;
            IFormCollection form = context.Request.ReadFormAsync().GetAwaiter().GetResult();
            return form.Files is [{ Name: "file" } file] ? file : throw new RefusedException(400, "One part named 'file' is expected");
        }

        private JsonNode? Parse()
        {
            if (context.Request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) != true)
            {
                throw new RefusedException(400, "Content-Type must be application/json");
            }

            body.Position = 0;
            return JsonNode.Parse(body);
        }

        private void Refuse(string schema, IEnumerable<string> problems)
        {
            var all = problems.Take(5).ToList();
            if (all.Count > 0)
            {
                string text = string.Join("; ", all);
                state.Violations.Add($"{context.Request.Method} {context.Request.Path}: body is no {schema}: {text}");
                throw new RefusedException(400, text);
            }
        }
    }
}

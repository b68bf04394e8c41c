using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TestItStandIn;

/// <summary>
/// The schemas of one version of Test IT, and a validator for the part of OpenAPI that they use. The schemas are closed:
/// a member that they do not know is an error.
/// </summary>
public sealed class OpenApiSchemas
{
    private readonly JsonObject _schemas;

    private OpenApiSchemas(JsonObject schemas, string name)
    {
        _schemas = schemas;
        Name = name;
    }

    public string Name { get; }

    /// <summary>Self-hosted Test IT 5.7 and the cloud's, /api/v2.</summary>
    public static OpenApiSchemas V57 { get; } = Load("test-it-5.7.json");
    public static OpenApiSchemas Cloud { get; } = Load("test-it-cloud.json");

    /// <summary>The /adapters flavour: the cloud's bodies with the differences that are known.</summary>
    public static OpenApiSchemas Adapters { get; } = MakeAdapters();

    /// <returns>Every problem, each with its place; empty when the body is valid.</returns>
    public IReadOnlyList<string> Validate(string schema, JsonNode? body)
    {
        var problems = new List<string>();
        Check(new JsonObject { ["$ref"] = "#/components/schemas/" + schema }, body, schema, problems);
        return problems;
    }

    public IReadOnlyList<string> ValidateArray(string schema, JsonNode? body)
    {
        if (body is not JsonArray items)
        {
            return [$"{schema}: an array is expected"];
        }

        return items.SelectMany((item, i) => Validate(schema, item).Select(problem => $"[{i}] {problem}")).ToList();
    }

    private static OpenApiSchemas Load(string file)
    {
        using Stream stream = typeof(OpenApiSchemas).Assembly.GetManifestResourceStream(file)
            ?? throw new FileNotFoundException("There is no embedded schema " + file, file);
        JsonNode document = JsonNode.Parse(stream)!;
        return new OpenApiSchemas((JsonObject)document["components"]!["schemas"]!.DeepClone(), file);
    }

    private static OpenApiSchemas MakeAdapters()
    {
        JsonObject schemas = Load("test-it-cloud.json")._schemas;
        foreach (string link in new[] { "CreateLinkApiModel", "LinkCreateApiModel", "LinkUpdateApiModel", "UpdateLinkApiModel" })
        {
            Remove(schemas, link, "hasInfo");
        }

        foreach (string autoTest in new[] { "AutoTestCreateApiModel", "AutoTestUpdateApiModel" })
        {
            Remove(schemas, autoTest, "workItemIds");
            Remove(schemas, autoTest, "workItemIdsForLinkWithAutoTest");
            Remove(schemas, autoTest, "attributes");
        }

        schemas["AutoTestUpdateApiModel"]!["properties"]!["resetLayer"] = new JsonObject { ["type"] = "boolean" };
        ((JsonArray)schemas["AutoTestUpdateApiModel"]!["required"]!).Add("resetLayer");
        return new OpenApiSchemas(schemas, "adapters");
    }

    private static void Remove(JsonObject schemas, string schema, string property)
    {
        ((JsonObject)schemas[schema]!["properties"]!).Remove(property);
        if (schemas[schema]!["required"] is JsonArray required)
        {
            JsonNode? name = required.FirstOrDefault(node => node!.GetValue<string>() == property);
            if (name is not null)
            {
                required.Remove(name);
            }
        }
    }

    private void Check(JsonObject schema, JsonNode? value, string place, List<string> problems)
    {
        if (value is null)
        {
            // A null is allowed where the place says so or what it refers to says so.
            if (!IsNullable(schema))
            {
                problems.Add($"{place}: null is not allowed");
            }

            return;
        }

        schema = Resolve(schema);
        if (schema["enum"] is JsonArray allowed)
        {
            if (value is not JsonValue text || !allowed.Any(one => one!.ToString() == text.ToString()))
            {
                problems.Add($"{place}: '{value}' is not one of {string.Join(", ", allowed.Select(one => one!.ToString()))}");
            }

            return;
        }

        switch (schema["type"]?.GetValue<string>())
        {
            case "object":
                CheckObject(schema, value, place, problems);
                break;
            case "array":
                CheckArray(schema, value, place, problems);
                break;
            case "string":
                CheckString(schema, value, place, problems);
                break;
            case "integer" or "number":
                CheckNumber(schema, value, place, problems);
                break;
            case "boolean":
                if (value.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False))
                {
                    problems.Add($"{place}: a boolean is expected");
                }

                break;
        }
    }

    private void CheckObject(JsonObject schema, JsonNode value, string place, List<string> problems)
    {
        if (value is not JsonObject members)
        {
            problems.Add($"{place}: an object is expected");
            return;
        }

        var properties = schema["properties"] as JsonObject;
        foreach (JsonNode? required in schema["required"] as JsonArray ?? [])
        {
            if (!members.ContainsKey(required!.GetValue<string>()))
            {
                problems.Add($"{place}: member '{required}' is missing");
            }
        }

        foreach ((string name, JsonNode? member) in members)
        {
            if (properties?[name] is JsonObject known)
            {
                Check(known, member, $"{place}.{name}", problems);
            }
            else if (schema["additionalProperties"] is JsonObject additional)
            {
                if (additional.Count > 0)
                {
                    Check(additional, member, $"{place}.{name}", problems);
                }
            }
            else
            {
                problems.Add($"{place}: member '{name}' is unknown");
            }
        }
    }

    private void CheckArray(JsonObject schema, JsonNode value, string place, List<string> problems)
    {
        if (value is not JsonArray items)
        {
            problems.Add($"{place}: an array is expected");
            return;
        }

        if (schema["uniqueItems"]?.GetValue<bool>() == true && items.Select(item => item?.ToJsonString()).Distinct().Count() != items.Count)
        {
            problems.Add($"{place}: an item occurs twice");
        }

        if (schema["items"] is JsonObject itemSchema)
        {
            for (int i = 0; i < items.Count; i++)
            {
                Check(itemSchema, items[i], $"{place}[{i}]", problems);
            }
        }
    }

    private static void CheckString(JsonObject schema, JsonNode value, string place, List<string> problems)
    {
        if (value.GetValueKind() != JsonValueKind.String)
        {
            problems.Add($"{place}: a string is expected");
            return;
        }

        string text = value.GetValue<string>();
        if (schema["minLength"] is JsonNode least && text.Length < least.GetValue<int>())
        {
            problems.Add($"{place}: it is too short");
        }

        if (schema["maxLength"] is JsonNode most && text.Length > most.GetValue<int>())
        {
            problems.Add($"{place}: it is too long");
        }

        switch (schema["format"]?.GetValue<string>())
        {
            case "uuid" when !Guid.TryParseExact(text, "D", out _):
                problems.Add($"{place}: '{text}' is not a guid");
                break;
            case "date-time" when !IsUtc(text):
                problems.Add($"{place}: '{text}' is not an ISO 8601 time in UTC");
                break;
        }
    }

    private static bool IsUtc(string text)
        => (text.EndsWith('Z') || text.EndsWith("+00:00", StringComparison.Ordinal))
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);

    private static void CheckNumber(JsonObject schema, JsonNode value, string place, List<string> problems)
    {
        if (value.GetValueKind() != JsonValueKind.Number)
        {
            problems.Add($"{place}: a number is expected");
            return;
        }

        decimal number = value.AsValue().TryGetValue(out decimal exact) ? exact : decimal.MaxValue;
        if (schema["type"]!.GetValue<string>() == "integer" && number != decimal.Truncate(number))
        {
            problems.Add($"{place}: {value} is not a whole number");
        }

        if (schema["minimum"] is JsonNode least && number < least.GetValue<decimal>())
        {
            problems.Add($"{place}: {value} is below {least}");
        }

        if (schema["maximum"] is JsonNode most && number > most.GetValue<decimal>())
        {
            problems.Add($"{place}: {value} is above {most}");
        }
    }

    private bool IsNullable(JsonObject schema)
        => schema["nullable"]?.GetValue<bool>() == true
            || (schema["$ref"] is not null && IsNullable(Lookup(schema)))
            || (schema["allOf"] is JsonArray { Count: 1 } all && schema["nullable"] is null && IsNullable((JsonObject)all[0]!));

    private JsonObject Resolve(JsonObject schema)
    {
        while (true)
        {
            if (schema["$ref"] is not null)
            {
                schema = Lookup(schema);
            }
            else if (schema["allOf"] is JsonArray { Count: 1 } all)
            {
                schema = (JsonObject)all[0]!;
            }
            else
            {
                return schema;
            }
        }
    }

    private JsonObject Lookup(JsonObject reference)
    {
        string name = reference["$ref"]!.GetValue<string>();
        return (JsonObject)_schemas[name[(name.LastIndexOf('/') + 1)..]]!;
    }
}

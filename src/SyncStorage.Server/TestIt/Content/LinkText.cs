using System.Text.Json;
using SyncStorage.Server.TestIt.Api;

namespace SyncStorage.Server.TestIt.Content;

/// <summary>Links as users write them: an address, several separated by commas, or JSON with url, title, description and type.</summary>
internal static class LinkText
{
    private static readonly string[] Types = ["Related", "BlockedBy", "Defect", "Issue", "Requirement", "Repository"];

    /// <exception cref="JsonException">It begins like JSON and is none.</exception>
    public static IReadOnlyList<TestLink> Parse(string? text)
    {
        text = text is null ? null : HtmlText.Clean(text).Trim();
        if (string.IsNullOrEmpty(text))
        {
            return [];
        }

        if (text[0] is not ('[' or '{'))
        {
            return text.Split([',', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(url => new TestLink(url, null, null, null)).ToList();
        }

        using JsonDocument json = JsonDocument.Parse(text);
        JsonElement root = json.RootElement;
        return (root.ValueKind == JsonValueKind.Array ? root.EnumerateArray().ToList() : [root]).Select(Read).OfType<TestLink>().ToList();
    }

    public static TestLink? Read(JsonElement link)
    {
        if (link.ValueKind == JsonValueKind.String)
        {
            return string.IsNullOrWhiteSpace(link.GetString()) ? null : new TestLink(link.GetString()!, null, null, null);
        }

        if (link.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        JsonElement? Member(string name)
        {
            foreach (JsonProperty member in link.EnumerateObject())
            {
                if (string.Equals(member.Name, name, StringComparison.OrdinalIgnoreCase) && member.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
                {
                    return member.Value;
                }
            }

            return null;
        }

        string? url = Member("url")?.ToString();
        return string.IsNullOrWhiteSpace(url) ? null : new TestLink(url, Member("title")?.ToString(), Member("description")?.ToString(), TypeOf(Member("type")));
    }

    /// <summary>Type is always sent: the cloud requires it.</summary>
    public static LinkModel ToModel(TestLink link) => new()
    {
        Url = HtmlText.Clean(link.Url),
        Title = HtmlText.EscapeOrNull(link.Title),
        Description = HtmlText.EscapeOrNull(link.Description),
        Type = Types.FirstOrDefault(type => string.Equals(type, link.Type, StringComparison.OrdinalIgnoreCase)) ?? "Related",
    };

    /// <summary>The official package writes its enum as a number that counts from 1.</summary>
    private static string? TypeOf(JsonElement? type)
        => type is not { } value ? null
            : value.ValueKind == JsonValueKind.Number ? value.TryGetInt32(out int number) && number >= 1 && number <= Types.Length ? Types[number - 1] : null
            : value.GetString();
}

using System.Text;
using System.Text.Json;

namespace SyncStorage.Server.TestIt.Content;

internal sealed record TestLink(string Url, string? Title, string? Description, string? Type);

/// <summary>
/// The lines that the official MSTest/NUnit package (Tms.Adapter) writes to a test's standard output, such as
/// <c>TmsStep: {...}</c>, turned into what they mean. Whatever is no such line stays output. A line that cannot be read is
/// output too, so that nothing is lost.
/// </summary>
internal sealed class AdapterLines
{
    private readonly Dictionary<Guid, TestStep> _byId = [];
    private readonly List<TestStep> _all = [];
    private readonly StringBuilder _output = new();
    private readonly TestFolders _folders;
    private TestStep? _open;

    private AdapterLines(TestFolders folders) => _folders = folders;

    /// <summary>The outermost steps, setup and teardown among them.</summary>
    public IReadOnlyList<TestStep> Steps { get; private set; } = [];
    public List<TestLink> Links { get; } = [];
    public List<TestFile> Files { get; } = [];
    public List<string> Messages { get; } = [];
    public IReadOnlyDictionary<string, string>? Parameters { get; private set; }

    /// <summary>The standard output without the lines that were understood.</summary>
    public string Output => _output.ToString();

    /// <param name="folders">Where files may lie that the output names: anything may stand in an output, also what somebody else wrote.</param>
    public static AdapterLines Read(string? standardOutput, TestFolders folders)
    {
        var lines = new AdapterLines(folders);
        if (string.IsNullOrEmpty(standardOutput))
        {
            return lines;
        }

        standardOutput = HtmlText.Clean(standardOutput);
        if (!standardOutput.Contains("Tms", StringComparison.Ordinal))
        {
            lines._output.Append(standardOutput);
            return lines;
        }

        string[] all = standardOutput.Split('\n');
        for (int i = 0; i < all.Length; i++)
        {
            if (!lines.Take(all[i].TrimEnd('\r')))
            {
                lines._output.Append(all[i]);
                if (i < all.Length - 1)
                {
                    lines._output.Append('\n');
                }
            }
        }

        lines.Steps = lines.BuildTree();
        return lines;
    }

    private bool Take(string line)
    {
        int colon = line.IndexOf(": ", StringComparison.Ordinal);
        if (colon <= 0 || !line.StartsWith("Tms", StringComparison.Ordinal))
        {
            return false;
        }

        string text = line[(colon + 2)..].Trim();
        try
        {
            return line[..colon] switch
            {
                "TmsParameters" => TakeParameters(text),
                "TmsStep" => TakeStep(text),
                "TmsStepResult" => TakeStepResult(text),
                "TmsStepLinks" => TakeLinks(text),
                "TmsStepAttachment" => TakeFile(text, isText: false),
                "TmsStepAttachmentAsText" => TakeFile(text, isText: true),
                "TmsStepMessage" => TakeMessage(text),
                _ => false,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    private bool TakeParameters(string text)
    {
        using JsonDocument json = JsonDocument.Parse(text);
        Parameters = ReadMap(json.RootElement);
        return true;
    }

    private bool TakeStep(string text)
    {
        using JsonDocument json = JsonDocument.Parse(text);
        JsonElement step = json.RootElement;
        Guid id = ReadGuid(step, "Guid") ?? Guid.NewGuid();
        var read = new TestStep
        {
            Id = id,
            ParentId = ReadGuid(step, "ParentGuid"),
            NamesParent = step.TryGetProperty("ProtocolVersion", out JsonElement version) && version.ValueKind == JsonValueKind.Number && version.GetInt32() >= 2,
            Title = ReadText(step, "Title") ?? ReadText(step, "CurrentMethod") ?? "",
            Description = ReadText(step, "Description"),
            Phase = ReadPhase(step, "Phase") ?? ReadPhase(step, "CallerMethodType"),
            Method = ReadText(step, "CurrentMethod"),
            Caller = ReadText(step, "CallerMethod"),
            StartedOn = ReadTime(step, "StartedOn"),
            Parameters = step.TryGetProperty("Args", out JsonElement args) && args.ValueKind == JsonValueKind.Object ? ReadMap(args) : new Dictionary<string, string>(),
        };
        if (!_byId.TryAdd(id, read))
        {
            return true;
        }

        _all.Add(read);
        if (!read.NamesParent)
        {
            Nest(read);
        }

        return true;
    }

    /// <summary>Older packages do not say who the parent is: it is the step still open whose method called this one.</summary>
    private void Nest(TestStep step)
    {
        string? caller = step.Caller;
        if (caller is not null && caller.IndexOf('<', StringComparison.Ordinal) is var from && from >= 0 && caller.LastIndexOf('>') is var to && to > from)
        {
            caller = caller[(from + 1)..to];
        }

        while (_open is not null && caller is not null && _open.Method != caller)
        {
            _open = _open.Parent;
        }

        step.Parent = _open;
        _open = step;
    }

    private bool TakeStepResult(string text)
    {
        using JsonDocument json = JsonDocument.Parse(text);
        if (ReadGuid(json.RootElement, "Guid") is not { } id || !_byId.TryGetValue(id, out TestStep? step))
        {
            return true;
        }

        string? outcome = ReadText(json.RootElement, "Outcome");
        // An asynchronous step may report Passed after it failed: the failure stays.
        if (step.Outcome != "Failed" || outcome == "Failed")
        {
            step.Outcome = outcome;
            step.CompletedOn = ReadTime(json.RootElement, "CompletedOn");
            step.DurationMs = json.RootElement.TryGetProperty("Duration", out JsonElement duration) && duration.TryGetInt64(out long ms) ? ms : null;
        }

        if (!step.NamesParent)
        {
            _open = step.Parent;
        }

        return true;
    }

    private bool TakeLinks(string text)
    {
        using JsonDocument json = JsonDocument.Parse(text);
        foreach (JsonElement link in json.RootElement.ValueKind == JsonValueKind.Array ? json.RootElement.EnumerateArray().ToArray() : [json.RootElement])
        {
            if (LinkText.Read(link) is { } read)
            {
                Links.Add(read);
            }
        }

        return true;
    }

    private bool TakeFile(string text, bool isText)
    {
        using JsonDocument json = JsonDocument.Parse(text);
        string? path = ReadText(json.RootElement, "PathToFile");
        TestFile file;
        if (isText)
        {
            string name = System.IO.Path.GetFileName(ReadText(json.RootElement, "Name") ?? "");
            file = new TestFile(name.Length > 0 ? name : "attachment.txt", null, ReadText(json.RootElement, "Content") ?? "");
        }
        else if (!string.IsNullOrEmpty(path))
        {
            file = new TestFile(System.IO.Path.GetFileName(path), _folders.Resolve(path), null, _folders);
        }
        else
        {
            return false;
        }

        TestStep? step = ReadGuid(json.RootElement, "StepGuid") is { } id ? _byId.GetValueOrDefault(id) : _open;
        (step?.Files ?? Files).Add(file);
        return true;
    }

    private bool TakeMessage(string text)
    {
        Messages.Add(text);
        return true;
    }

    private List<TestStep> BuildTree()
    {
        var roots = new List<TestStep>();
        foreach (TestStep step in _all)
        {
            if (step.NamesParent)
            {
                step.Parent = step.ParentId is { } id && id != step.Id ? _byId.GetValueOrDefault(id) : null;
            }

            // A circle of parents would hang whoever walks the tree.
            for (TestStep? above = step.Parent; above is not null; above = above.Parent)
            {
                if (above == step)
                {
                    step.Parent = null;
                    break;
                }
            }

            (step.Parent?.Steps ?? roots).Add(step);
        }

        return roots;
    }

    private static Dictionary<string, string> ReadMap(JsonElement map)
        => map.EnumerateObject().GroupBy(member => member.Name).ToDictionary(group => group.Key, group => group.Last().Value.ToString());

    private static string? ReadText(JsonElement json, string name)
        => json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static Guid? ReadGuid(JsonElement json, string name)
        => Guid.TryParse(ReadText(json, name), out Guid id) ? id : null;

    private static DateTime? ReadTime(JsonElement json, string name)
        => json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.TryGetDateTime(out DateTime time)
            ? time.Kind == DateTimeKind.Utc ? time : DateTime.SpecifyKind(time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : time, DateTimeKind.Utc)
            : null;

    /// <summary>The package writes its enum as a number: 0 setup, 1 test, 2 teardown.</summary>
    private static string? ReadPhase(JsonElement json, string name)
        => !json.TryGetProperty(name, out JsonElement value) ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : value.ValueKind == JsonValueKind.Number ? value.GetInt32() switch { 0 => "Setup", 2 => "Teardown", _ => "TestMethod" }
            : null;
}

using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;

namespace SyncStorage.Settings;

/// <summary>Tms.config.json, the settings file of the official adapters.</summary>
internal sealed class TmsConfigFile
{
    public const string FileName = "Tms.config.json";
    public const string PathVariable = "TMS_CONFIG_FILE";

    private TmsConfigFile(string path, IReadOnlyDictionary<string, string> values, string? privateToken, string? problem)
    {
        FilePath = path;
        Values = values;
        PrivateToken = privateToken;
        Problem = problem;
    }

    public string FilePath { get; }

    /// <summary>Every scalar member but the token, by its name without case. Arrays and objects are kept as JSON text.</summary>
    public IReadOnlyDictionary<string, string> Values { get; }

    public string? PrivateToken { get; }

    /// <summary>Why the file could not be read; null when it could.</summary>
    public string? Problem { get; }

    /// <summary>TMS_CONFIG_FILE, else the nearest Tms.config.json from <paramref name="startDirectory"/> upwards, else null.</summary>
    public static string? Find(string startDirectory)
    {
        string? named = Environment.GetEnvironmentVariable(PathVariable);
        if (!string.IsNullOrWhiteSpace(named))
        {
            return named;
        }

        for (DirectoryInfo? folder = new(startDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, FileName);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Never throws: a file that cannot be read or parsed has no values and a <see cref="Problem"/>.</summary>
    public static TmsConfigFile Read(string path)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string? token = null;
        try
        {
            var options = new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path), options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return new TmsConfigFile(path, values, null, "it is not a JSON object");
            }

            foreach (JsonProperty member in document.RootElement.EnumerateObject())
            {
                string? value = member.Value.ValueKind switch
                {
                    JsonValueKind.Null or JsonValueKind.Undefined => null,
                    JsonValueKind.String => member.Value.GetString(),
                    _ => member.Value.GetRawText(),
                };
                if (string.IsNullOrWhiteSpace(value))
                {
                    continue;
                }

                if (string.Equals(member.Name, Setting.PrivateToken.Name, StringComparison.OrdinalIgnoreCase))
                {
                    token = value!.Trim();
                }
                else
                {
                    values[member.Name] = value!.Trim();
                }
            }

            return new TmsConfigFile(path, values, token, null);
        }
        catch (JsonException e)
        {
            // Position only: the parser's own message may quote the text around it, and that may be the token.
            return new TmsConfigFile(path, values, null, $"it is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return new TmsConfigFile(path, values, null, "it cannot be read: " + e.Message);
        }
    }
}

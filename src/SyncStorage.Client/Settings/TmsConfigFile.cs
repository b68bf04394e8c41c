using System.Text.Json;
using SyncStorage.Sessions;

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

    /// <summary>
    /// TMS_CONFIG_FILE, else the nearest Tms.config.json from <paramref name="startDirectory"/> upwards, else null. A repository's own folder ends the
    /// search: what lies above it was not checked out with the tests.
    /// </summary>
    public static string? Find(string startDirectory)
    {
        if (Named is string named)
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

            string repository = Path.Combine(folder.FullName, ".git");
            if (Directory.Exists(repository) || File.Exists(repository))
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>
    /// Never throws: a file that cannot be read or parsed, or that somebody else may have written, has no values and a <see cref="Problem"/>.
    /// </summary>
    public static TmsConfigFile Read(string path)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string? token = null;
        try
        {
            var options = new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
            using JsonDocument document = JsonDocument.Parse(ReadText(path), options);
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
        catch (ForeignFileException e)
        {
            return new TmsConfigFile(path, values, null, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or TypeLoadException)
        {
            return new TmsConfigFile(path, values, null, "it cannot be read: " + e.Message);
        }
    }

    private static string? Named => Environment.GetEnvironmentVariable(PathVariable) is { } named && !string.IsNullOrWhiteSpace(named) ? named : null;

    /// <summary>
    /// A file that was only found could be anybody's: who writes one into a folder above other people's tests would decide where their token goes.
    /// The one in TMS_CONFIG_FILE the user has chosen. On Windows access control lists are not looked at.
    /// </summary>
    private static string ReadText(string path)
    {
        bool isFound = path != Named && UnixFile.IsSupported;
        if (isFound)
        {
            // Before it is opened: a pipe would wait for its writer for ever.
            Check(UnixFile.AtLink(path) is { IsLink: true } link ? link : null);
            Check(UnixFile.At(path));
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (isFound)
        {
            // Again: it may have been exchanged in between.
            Check(UnixFile.Of(file.SafeFileHandle));
        }

        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    private static void Check(UnixFile? file)
    {
        if (file is { IsLink: false, IsRegular: false })
        {
            throw new ForeignFileException("it is no regular file");
        }

        if (file?.WhyOthersDecide() is string reason)
        {
            throw new ForeignFileException($"{reason}, who could so decide where your results and token go; to use it nevertheless, name it in {PathVariable}");
        }
    }

    private sealed class ForeignFileException(string message) : Exception(message);
}

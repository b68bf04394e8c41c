using System.Text;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using SyncStorage.Mail;
using SyncStorage.VSTest;
using VSTestResult = Microsoft.VisualStudio.TestPlatform.ObjectModel.TestResult;

namespace SyncStorage.TestLogger;

/// <summary>Makes our record out of VSTest's: facts only, complete, in units of their own. No state, no host.</summary>
internal static class MailedResults
{
    // Test IT takes less; what is bounded here is our own memory and one request's size.
    private const int LongestText = 1_000_000;

    // What Test IT takes at most: 500 days.
    private const long LongestDurationMs = 43_200_000_000;

    public static MailedResult Of(VSTestResult result, DateTimeOffset now)
    {
        MailedTest test = MailedTests.Of(result.TestCase);
        long durationMs = Math.Min(Math.Max(0, (long)Math.Round(result.Duration.TotalMilliseconds)), LongestDurationMs);
        DateTimeOffset startedOn = StartOf(result, durationMs, now);
        return new MailedResult
        {
            Test = test with { Traits = TraitsOf(test, result) },
            DisplayName = string.IsNullOrEmpty(result.DisplayName) ? test.DisplayName : result.DisplayName!,
            Outcome = result.Outcome.ToString(),
            StartedOn = startedOn,
            CompletedOn = startedOn.AddMilliseconds(durationMs),
            DurationMs = durationMs,
            Message = Bounded(result.ErrorMessage),
            Trace = Bounded(result.ErrorStackTrace),
            StandardOutput = Text(result, isError: false),
            StandardError = Text(result, isError: true),
            Attachments = AttachmentsOf(result),
        };
    }

    /// <summary>Those of the test and those of this result, each once.</summary>
    private static List<MailedTrait> TraitsOf(MailedTest test, VSTestResult result)
    {
        var traits = new List<MailedTrait>(test.Traits);
        MailedTests.AddTraits(traits, result);
        return traits.Distinct().ToList();
    }

    /// <summary>
    /// Frameworks fill the times differently: some leave the start empty, some set both to the moment of reporting. The duration
    /// is what they all measure, so start and end are made to agree with it.
    /// </summary>
    private static DateTimeOffset StartOf(VSTestResult result, long durationMs, DateTimeOffset now)
    {
        bool hasStart = IsSet(result.StartTime);
        bool hasEnd = IsSet(result.EndTime);
        DateTimeOffset start = hasStart && (!hasEnd || (result.EndTime - result.StartTime).TotalMilliseconds >= durationMs - 1)
            ? result.StartTime
            : (hasEnd ? result.EndTime : now).AddMilliseconds(-durationMs);
        return start.ToUniversalTime();
    }

    private static bool IsSet(DateTimeOffset time) => time.Year > 1970;

    private static string? Text(VSTestResult result, bool isError)
    {
        // Nearly every result has one message or none.
        List<string> texts = result.Messages
            .Where(m => !string.IsNullOrEmpty(m.Text) && (m.Category == TestResultMessage.StandardErrorCategory) == isError)
            .Select(m => m.Text!)
            .ToList();
        return texts.Count switch
        {
            0 => null,
            1 => Bounded(texts[0]),
            _ => Bounded(string.Join("\n", texts.Select(t => t.TrimEnd('\r', '\n')))),
        };
    }

    private static List<string> AttachmentsOf(VSTestResult result)
        => result.Attachments
            .SelectMany(set => set.Attachments)
            .Select(attachment => attachment.Uri)
            .Where(uri => uri is not null)
            .Select(uri => uri.IsAbsoluteUri && uri.IsFile ? uri.LocalPath : uri.OriginalString)
            .Distinct(StringComparer.Ordinal)
            .ToList();

    /// <summary>Keeps beginning and end, which tell most, and says what is missing.</summary>
    private static string? Bounded(string? text)
    {
        if (string.IsNullOrEmpty(text) || text!.Length <= LongestText)
        {
            return string.IsNullOrEmpty(text) ? null : text;
        }

        int half = LongestText / 2;
        return new StringBuilder(LongestText + 64)
            .Append(text, 0, half)
            .Append($"\n[... {text.Length - LongestText} characters left out ...]\n")
            .Append(text, text.Length - half, half)
            .ToString();
    }
}

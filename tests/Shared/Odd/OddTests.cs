using System.Text;
using System.Text.RegularExpressions;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using TestResult = Microsoft.VisualStudio.TestPlatform.ObjectModel.TestResult;

namespace SyncStorage.Testing;

/// <summary>Makes tests whose names and messages nobody would write, the same ones from the same seed, and knows what has to become of them.</summary>
internal static class OddTests
{
    private static readonly string[] Pieces =
    [
        "a", "B", " ", "\t", "\0", "\u0001", "\u001b[31m", "\u007f", "\ud800", "\udc00", "\ud83d\ude00", "\ud83d", "<b>", "</script>", "<", ">", "&lt;", "&", "\"", "'", "\\", "/", "../", "C:\\x",
        "(1, 2)", "(", ")", ",", "{0}", "{", "}", "\n", "\r\n", "\u2028", "ж", "漢", "\u202e", "\ufeff", "\ufffe", "e\u0301", "ß", "İ", ".", "+", "`1", "[", "]", ": ", "null", "%00", "$(x)", "--", ";", "@",
    ];

    /// <summary>An id of its own each, so that every row of Test IT can be told; everything else is odd.</summary>
    public static TestResult Next(Random random, int number)
    {
        // Two results of one test are attempts, of which the last one stands: these are different tests.
        var test = new TestCase(Text(random) + number, new Uri("executor://mstestadapter/v4"), "/tests/" + Text(random) + ".dll") { DisplayName = Text(random) };
        test.Traits.Add("ExternalId", "odd-" + number);
        test.Traits.Add(TraitText(random), TraitText(random));
        return new TestResult(test)
        {
            DisplayName = Text(random),
            Outcome = (TestOutcome)random.Next(5),
            Duration = TimeSpan.FromMilliseconds(random.Next(1000)),
            ErrorMessage = random.Next(4000) == 0 ? string.Concat(Enumerable.Repeat(Text(random) + "m", 1_000_000)).Substring(0, 1_000_000) : Text(random),
            ErrorStackTrace = random.Next(1000) == 0 ? new string('漢', 50_000) : Text(random),
        };
    }

    /// <summary>.NET's own replacement of what is no Unicode text.</summary>
    public static string WellFormed(string? text) => Encoding.Unicode.GetString(Encoding.Unicode.GetBytes(text ?? ""));

    /// <summary>What Test IT has to get of a message.</summary>
    public static string InTestIt(string? text)
    {
        string clean = WellFormed(text).Replace("\0", "");
        bool hasTag = clean.Split('\n').Any(line => Regex.IsMatch(line, @"<\S.*>", RegexOptions.Singleline));
        return hasTag ? clean.Replace("<", "&lt;").Replace(">", "&gt;") : clean;
    }

    /// <summary>VSTest itself cannot carry everything in a trait: the test host's connection breaks with two characters that no XML may have.</summary>
    private static string TraitText(Random random) => Text(random).Replace("\ufffe", "").Replace("\uffff", "");

    private static string Text(Random random) => random.Next(10) switch
    {
        0 => "",
        1 => string.Concat(Enumerable.Range(0, 500).Select(_ => Pieces[random.Next(Pieces.Length)])),
        2 => ((char)random.Next(0x10000)).ToString() + (char)random.Next(0x10000),
        _ => string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => Pieces[random.Next(Pieces.Length)])),
    };
}

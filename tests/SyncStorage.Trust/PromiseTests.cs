using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace SyncStorage.Trust;

/// <summary>Runs the tests of each promise and counts them by category; a test that generates its cases prints "cases: N".</summary>
internal static partial class PromiseTests
{
    private const string Prefix = "Promise: ";

    /// <summary>Its longest cases are told: how much later than with the package switched off.</summary>
    private const string BoundedTime = "bounded time";
    private const int MostLonger = 5;

    private static readonly string[] Projects = ["SyncStorage.Server.Tests", "SyncStorage.Client.Tests", "SyncStorage.Guests.Tests", "SyncStorage.Build.EndToEnd"];

    private sealed record Case(string Promise, string Outcome, TimeSpan Took, int Cases, (double Seconds, string Case)? Longer);

    public static async Task<bool> RunAsync()
    {
        string results = Directory.CreateTempSubdirectory("SyncStorage.Promises-").FullName;
        Dictionary<string, string?> metadata = typeof(PromiseTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().ToDictionary(a => a.Key, a => a.Value);
        bool passed = true;
        foreach (string project in Projects)
        {
            Console.WriteLine($"{project} ...");
            string[] arguments = ["test", Path.Combine("tests", project), "-c", metadata["Configuration"]!, "--filter", "TestCategory~Promise", "--logger", $"trx;LogFileName={project}.trx", "--results-directory", results, "--", "RunConfiguration.DisableParallelization=true"];
            using var test = Process.Start(new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = metadata["RepositoryRoot"], RedirectStandardOutput = true })!;
            string output = await test.StandardOutput.ReadToEndAsync();
            await test.WaitForExitAsync();
            if (test.ExitCode != 0)
            {
                passed = false;
                Console.WriteLine(output);
            }
        }

        Table.Header();
        foreach (IGrouping<string, Case> promise in Directory.GetFiles(results, "*.trx").SelectMany(Read).GroupBy(one => one.Promise).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            int failed = promise.Count(one => one.Outcome == "Failed");
            IEnumerable<string> longest = promise.Key == BoundedTime
                ? promise.Select(one => one.Longer).OfType<(double Seconds, string Case)>().OrderByDescending(longer => longer.Seconds).Take(MostLonger).Select(longer => string.Create(CultureInfo.InvariantCulture, $"; {longer.Seconds:0.0} s longer: {longer.Case}"))
                : [];
            Table.Row(
                promise.Key,
                promise.Sum(one => one.Cases).ToString("N0", CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{promise.Count()} tests, {failed} failed, {promise.Sum(one => one.Took.TotalSeconds):0} s{string.Concat(longest)}"));
        }

        Folders.Remove(results);
        return passed;
    }

    private static IEnumerable<Case> Read(string path)
    {
        XElement run = XDocument.Load(path).Root!;
        XNamespace name = run.Name.Namespace;
        // A test may stand for several promises: each of its cases proves all of them.
        ILookup<string, string> promises = run.Descendants(name + "UnitTest")
            .DistinctBy(test => test.Attribute("id")!.Value)
            .SelectMany(test => test.Descendants(name + "TestCategoryItem").Select(item => (Id: test.Attribute("id")!.Value, Category: item.Attribute("TestCategory")!.Value)))
            .Where(test => test.Category.StartsWith(Prefix, StringComparison.Ordinal))
            .ToLookup(test => test.Id, test => test.Category[Prefix.Length..]);
        foreach (XElement result in run.Descendants(name + "UnitTestResult"))
        {
            string output = string.Concat(result.Descendants(name + "Output").Select(output => output.Value));
            Match cases = Cases().Match(output);
            Match longer = Longer().Match(output);
            TimeSpan took = TimeSpan.TryParse(result.Attribute("duration")?.Value, CultureInfo.InvariantCulture, out TimeSpan duration) ? duration : TimeSpan.Zero;
            foreach (string promise in promises[result.Attribute("testId")!.Value].Distinct())
            {
                yield return new Case(
                    promise,
                    result.Attribute("outcome")!.Value,
                    took,
                    cases.Success ? int.Parse(cases.Groups[1].Value, CultureInfo.InvariantCulture) : 1,
                    longer.Success ? (double.Parse(longer.Groups[1].Value, CultureInfo.InvariantCulture), longer.Groups[2].Value) : null);
            }
        }
    }

    [GeneratedRegex(@"cases: (\d+)")]
    private static partial Regex Cases();

    [GeneratedRegex(@"longer: (-?[\d.]+) s \((.*)\)")]
    private static partial Regex Longer();
}

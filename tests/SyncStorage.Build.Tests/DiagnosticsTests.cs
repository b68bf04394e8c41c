using System.Reflection;
using System.Text.RegularExpressions;

namespace SyncStorage.Build.Tests;

[TestClass]
public sealed partial class DiagnosticsTests
{
    private static readonly string Root = typeof(DiagnosticsTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(one => one.Key == "RepositoryRoot").Value!;

    private static readonly string[] Codes = typeof(Diagnostics).GetFields(BindingFlags.Static | BindingFlags.NonPublic).Where(field => field.IsLiteral)
        .Select(field => (string)field.GetRawConstantValue()!).Where(value => Code().IsMatch(value)).Order(StringComparer.Ordinal).ToArray();

    [TestMethod]
    public void The_readme_explains_every_code_once()
    {
        string[] explained = File.ReadAllLines(Path.Combine(Root, "README.md")).Select(line => Row().Match(line)).Where(row => row.Success).Select(row => row.Groups[1].Value).ToArray();

        CollectionAssert.AreEqual(Codes, explained);
        Assert.IsNotEmpty(Codes);
    }

    [TestMethod]
    public void Codes_stand_in_the_catalogue_and_where_a_target_reports_itself()
    {
        string[] files = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(Root, "build")))
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && Code().IsMatch(File.ReadAllText(path)))
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).ToArray();

        CollectionAssert.AreEqual(new[] { "Diagnostics.cs", "SyncStorage.Build.targets" }, files);
    }

    [TestMethod]
    public void Information_is_no_trouble_and_a_leaked_token_is_an_error()
    {
        Assert.AreEqual(Severity.Message, Diagnostics.SeverityOf(null));
        Assert.AreEqual(Severity.Message, Diagnostics.SeverityOf(Diagnostics.PortTaken(1, "another program", 2).Code));
        Assert.AreEqual(Severity.Warning, Diagnostics.SeverityOf(Diagnostics.InvalidSetting("x").Code));
        Assert.AreEqual(Severity.Error, Diagnostics.SeverityOf(Diagnostics.TokenAsProperty("x").Code));
    }

    [GeneratedRegex(@"SYNC\d{4}")]
    private static partial Regex Code();

    [GeneratedRegex(@"^\| (SYNC\d{4}) \|")]
    private static partial Regex Row();
}

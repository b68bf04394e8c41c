using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt;
using SyncStorage.Server.TestIt.Content;

namespace SyncStorage.Server.Tests.TestIt;

[TestClass]
public sealed class RowRegistryTests
{
    private readonly RowRegistry _registry = new();

    [TestMethod]
    public void Attempts_of_one_test_share_a_row()
    {
        Assert.AreSame(Claim("N.C.M"), Claim("N.C.M", worker: "another"));
        Assert.AreSame(Claim("N.C.M", twin: 1), Claim("N.C.M", twin: 1, worker: "another"));
    }

    [TestMethod]
    public void Who_comes_second_gets_a_parameter_that_says_what_differs()
    {
        Assert.AreEqual("", Distinction(Claim("N.C.M")));
        Assert.AreEqual("targetFramework=net8.0", Distinction(Claim("N.C.M", framework: "net8.0")));
        Assert.AreEqual("test=N.D.M", Distinction(Claim("N.D.M")));
        Assert.AreEqual("repeat=2", Distinction(Claim("N.C.M", twin: 1)));
        Assert.AreEqual("repeat=3", Distinction(Claim("N.C.M", twin: 2)));
    }

    [TestMethod]
    public void Projects_with_the_same_test_have_a_row_each_whatever_their_assemblies_are_called()
    {
        Assert.AreEqual("", Distinction(Claim("N.C.M", project: "/x/A/A.csproj")));
        Assert.AreEqual("project=B", Distinction(Claim("N.C.M", project: "/x/B/B.csproj")));
        Assert.AreEqual("project=C/A", Distinction(Claim("N.C.M", project: "/x/C/A.csproj")));
        Assert.AreEqual("project=other", Distinction(Claim("N.C.M", source: "/y/other.dll")));
    }

    [TestMethod]
    public void A_parameter_of_the_user_s_own_is_not_overwritten()
    {
        Claim("N.C.M", parameter: "repeat");
        Row second = Claim("N.C.M", parameter: "repeat", twin: 1);
        Assert.AreEqual("repeat of this row=2", Distinction(second));
    }

    private Row Claim(
        string name, string framework = "net10.0", string source = "/x/tests.dll", string worker = "w", string? project = null, int twin = 0, string parameter = "x")
    {
        var stored = new StoredResult(0, worker, framework, false);
        var result = new ObservedResult { TestCaseId = "one for all", FullyQualifiedName = name, DisplayName = "M", Source = source, ProjectFile = project, Twin = twin };
        var content = new ResultContent { AutoTest = new AutoTestContent { ExternalId = "same" }, Parameters = new Dictionary<string, string> { [parameter] = "1" } };
        return _registry.Claim(RowRegistry.KeyOf(stored, result, "same"), stored, result, content);
    }

    private static string Distinction(Row row) => string.Join(';', row.Distinction?.Select(p => $"{p.Key}={p.Value}") ?? []);
}

using System.Collections.Generic;
using System.Linq;
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
        Assert.AreSame(Claim("id", "N.C.M"), Claim("id", "N.C.M"));
        Assert.AreSame(Claim("id", "N.C.M"), Claim("id", "N.C.M", worker: "another"));
    }

    [TestMethod]
    public void Who_comes_second_gets_a_parameter_that_says_what_differs()
    {
        Assert.AreEqual("", Distinction(Claim("a", "N.C.M")));
        Assert.AreEqual("targetFramework=net8.0", Distinction(Claim("a", "N.C.M", framework: "net8.0")));
        Assert.AreEqual("test=N.D.M", Distinction(Claim("b", "N.D.M")));
        Assert.AreEqual("assembly=other", Distinction(Claim("c", "N.C.M", source: "/x/other.dll")));
        Assert.AreEqual("repeat=2", Distinction(Claim("d", "N.C.M")));
        Assert.AreEqual("repeat=3", Distinction(Claim("e", "N.C.M")));
    }

    private Row Claim(string testCase, string name, string framework = "net10.0", string source = "/x/tests.dll", string worker = "w")
    {
        var stored = new StoredResult(0, worker, framework, false);
        var result = new ObservedResult { TestCaseId = testCase, FullyQualifiedName = name, DisplayName = "M", Source = source };
        var content = new ResultContent { AutoTest = new AutoTestContent { ExternalId = "same" }, Parameters = new Dictionary<string, string> { ["x"] = "1" } };
        return _registry.Claim(RowRegistry.KeyOf(stored, result), stored, result, content);
    }

    private static string Distinction(Row row) => string.Join(';', row.Distinction?.Select(p => $"{p.Key}={p.Value}") ?? []);
}

using System.Linq;
using SyncStorage.Results;
using SyncStorage.Sessions;
using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class WorkerFactsTests
{
    [TestMethod]
    public void Results_of_one_name_are_numbered_in_their_order()
    {
        var facts = new WorkerFacts(new WorkerDescription());
        string[] names = ["N.C.M/M (Order)", "N.C.M/M (Order)", "N.C.M/M (1)", "N.C.M/M (Order)", "N.C.N/M (Order)"];

        int[] twins = names.Select(name => name.Split('/')).Select(name => facts.AddTo(new ObservedResult { FullyQualifiedName = name[0], DisplayName = name[1] }).Twin).ToArray();

        CollectionAssert.AreEqual(new[] { 0, 1, 0, 2, 0 }, twins);
        Assert.AreEqual(0, facts.AddTo(new ObservedResult { Source = "another.dll", FullyQualifiedName = "N.C.M", DisplayName = "M (Order)" }).Twin);
    }

    [TestMethod]
    [DataRow(true, "net8.0")]
    [DataRow(false, null)]
    public void Project_and_one_framework_of_several_are_told(bool isOneOfSeveral, string? expected)
    {
        ObservedResult result = new WorkerFacts(new WorkerDescription { ProjectFile = "/x/A.csproj", TargetFramework = "net8.0", IsOneOfSeveralFrameworks = isOneOfSeveral }).AddTo(new ObservedResult());

        Assert.AreEqual(("/x/A.csproj", expected), (result.ProjectFile, result.FrameworkOfSeveral));
    }
}

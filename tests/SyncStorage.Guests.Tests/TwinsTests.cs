using SyncStorage.Mail;
using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class TwinsTests
{
    [TestMethod]
    public void Results_of_one_name_are_numbered_in_their_order()
    {
        var twins = new Twins();
        string[] names = ["N.C.M/M (Order)", "N.C.M/M (Order)", "N.C.M/M (1)", "N.C.M/M (Order)", "N.C.N/M (Order)"];

        int[] numbers = names.Select(name => name.Split('/')).Select(name => twins.Number(Result("a.dll", name[0], name[1])).Twin).ToArray();

        CollectionAssert.AreEqual(new[] { 0, 1, 0, 2, 0 }, numbers);
        Assert.AreEqual(0, twins.Number(Result("another.dll", "N.C.M", "M (Order)")).Twin);
    }

    private static MailedResult Result(string source, string name, string displayName)
        => new() { Test = new MailedTest { Source = source, FullyQualifiedName = name }, DisplayName = displayName };
}

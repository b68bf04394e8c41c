using SyncStorage.Sessions;

namespace SyncStorage.Server.Tests.Results;

[TestClass]
public sealed class RunFolderTests
{
    [TestMethod]
    public void Different_runs_never_share_a_folder()
    {
        string[] ids = ["a/b", "a:b", "a_b", "a\\b", "a b", "..", ".", "...", "_", new string('x', 90), new string('x', 91), "../a", "..\\a", "ä", "ö"];
        Assert.HasCount(ids.Length, ids.Select(RunFolder.NameOf).Select(name => name.ToUpperInvariant()).Distinct().ToList());
        Assert.IsTrue(ids.Select(RunFolder.NameOf).All(name => name.Trim('.').Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')));
    }
}

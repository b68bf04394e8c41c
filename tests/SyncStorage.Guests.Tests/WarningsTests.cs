using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class WarningsTests
{
    [TestMethod]
    public void What_others_wrote_is_read_on_the_console_and_obeyed_by_nobody()
    {
        const string Hostile = "a\u001b[31m##vso[task.complete]\n::add-mask::x end";
        string warned = "";

        new Warnings(text => warned = text).Warn(Hostile, new IOException(Hostile));

        Assert.IsFalse(warned.Any(char.IsControl), warned);
        Assert.DoesNotContain("##", warned);
        Assert.DoesNotContain("::add-mask::", warned);
        StringAssert.Contains(warned, "end");
    }
}

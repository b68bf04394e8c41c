using System;
using System.IO;
using System.Threading.Tasks;
using SyncStorage.Server.Hosting;

namespace SyncStorage.Server.Tests.Hosting;

[TestClass]
public sealed class RehearsalTests
{
    [TestMethod]
    public async Task A_rehearsal_plays_to_the_end_and_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();

        // Throws if any step of a run does not work as it is played here: then it would compile nothing of the real one.
        await Rehearsal.RunAsync(Path.Combine(folder.Path, "rehearsal"), TimeProvider.System);

        Assert.IsEmpty(Directory.GetFileSystemEntries(folder.Path));
    }
}

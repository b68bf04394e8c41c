using Microsoft.AspNetCore.Http;

namespace SyncStorage.Client.Tests;

/// <summary>Whoever listens on the port may say that he is a server of ours, and name any folder as its session.</summary>
[TestClass]
[TestCategory("Promise: secrets")]
public sealed class PretenderTests : RunnerScenario
{
    [TestMethod]
    public async Task The_session_that_a_server_names_is_taken_only_where_ours_lie()
    {
        DirectoryInfo bait = Directory.CreateTempSubdirectory("bait");
        Directory.CreateDirectory(Path.Combine(bait.FullName, "leases"));
        var headers = new List<string>();
        File.WriteAllText(Path.Combine(bait.FullName, "server.json"), $$"""{"processId":{{Environment.ProcessId}},"url":"{{Service.Url}}","secret":"theirs","directory":"/","notices":[]}""");
        Service.Misbehave = async http =>
        {
            lock (headers)
            {
                headers.AddRange(http.Request.Headers.Keys);
            }

            if (http.Request.Path == "/health")
            {
                await http.Response.WriteAsJsonAsync(new { status = "ok", server = "SyncStorage.Server", session = bait.FullName });
            }
        };

        await StartedWorker();

        Assert.DoesNotContain("X-SyncStorage-Secret", headers);
        CollectionAssert.AreEquivalent(new[] { "leases", "server.json" }, bait.GetFileSystemInfos("*", SearchOption.AllDirectories).Select(file => file.Name).ToArray());
        bait.Delete(recursive: true);
    }
}

using System.Globalization;

namespace SyncStorage.Client.EndToEnd;

[TestClass]
public sealed class The_sample_adapter
{
    [TestMethod]
    public async Task Runs_as_three_processes_at_once_with_one_master_and_one_held_result()
    {
        string folder = Directory.CreateTempSubdirectory("SyncStorage.Sample-").FullName;
        var environment = new Dictionary<string, string?> { ["TMS_SYNC_STORAGE_PORT"] = Ports.Free().ToString(CultureInfo.InvariantCulture) };

        CommandResult[] workers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Command.RunAsync(folder, [Repository.Sample, "three-workers"], environment)));

        string everything = string.Join("\n", workers.Select(w => w.Output));
        Assert.IsTrue(workers.All(w => w.ExitCode == 0), everything);
        string[] written = everything.Split('\n').Select(line => line.Trim()).Where(line => line.Contains(" HomeMade.", StringComparison.Ordinal) && !line.Contains(':', StringComparison.Ordinal)).ToArray();
        Assert.HasCount(12, written, everything);
        Assert.HasCount(1, written.Where(line => line.StartsWith("InProgress ", StringComparison.Ordinal)), everything);
        Assert.HasCount(1, workers.Where(w => w.Output.Contains("as its master", StringComparison.Ordinal)), everything);
        Assert.IsFalse(Processes.AnyServerOf(folder), "a server is left");
        Assert.Contains("\"completed\"", await File.ReadAllTextAsync(Path.Combine(folder, "TestResults", "SyncStorage", "three-workers", "report.json")));
        Folders.Remove(folder);
    }
}

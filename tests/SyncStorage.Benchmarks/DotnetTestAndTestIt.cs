using TestItStandIn;

namespace SyncStorage.Benchmarks;

/// <summary>`dotnet test --no-build` over 1000 xUnit tests that publishes to a Test IT 20 ms away, and the same without the package.</summary>
internal static class DotnetTestAndTestIt
{
    private const int Rounds = 5;

    public static async Task RunAsync()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string project = await DotnetTest.BuildAsync(folder, TestFramework.Xunit, 1000);
        var with = new List<double>();
        var without = new List<double>();
        var requests = new List<double>();
        var bytes = new List<double>();
        for (int round = -1; round < Rounds; round++)
        {
            await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { Latency = TimeSpan.FromMilliseconds(20), RecordBodies = false });
            string runId = testIt.AddRun().Id;
            double off = await DotnetTest.RunAsync(folder, null, "test", project, "--no-build", "-p:SyncStorageEnabled=false");
            double on = await DotnetTest.RunAsync(folder, Settings(testIt, runId), "test", project, "--no-build", "-p:SyncStorageEnabled=true", "-p:SyncStoragePort=0");
            string[] problems = testIt.Runs.SelectMany(testIt.Check).ToArray();
            if (problems.Length > 0 || testIt.Runs.Single().Rows.Count != 1000)
            {
                throw new InvalidOperationException($"{testIt.Runs.Single().Rows.Count} rows; {string.Join("; ", problems.Take(5))}");
            }

            if (round >= 0)
            {
                with.Add(on);
                without.Add(off);
                requests.Add(testIt.Requests.Count);
                bytes.Add(testIt.Requests.Sum(request => (double)request.AnswerBytes));
            }
        }

        Folders.Remove(folder);
        Table.Milliseconds("dotnet test, 1000 xUnit tests, published to a Test IT with 20 ms latency / without the package", with, without, "stated");
        Table.Row("the same: longer by", $"{(Table.Median(with) - Table.Median(without)) / 1000:0.00} s", "", null, "<= 1.5 s");
        Table.Row("the same: requests to Test IT", $"{Table.Median(requests):0}, at most {requests.Max():0}", "", null, "<= 50");
        Table.Row("the same: answers of Test IT", $"{Table.Median(bytes) / 1000:0} kB, at most {bytes.Max() / 1000:0} kB", "", null, "below 1 MB");
    }

    private static Dictionary<string, string?> Settings(TestItServer testIt, string runId) => new()
    {
        ["TMS_URL"] = testIt.Url,
        ["TMS_PRIVATE_TOKEN"] = new TestItOptions().Token,
        ["TMS_PROJECT_ID"] = new TestItOptions().ProjectId,
        ["TMS_CONFIGURATION_ID"] = new TestItOptions().ConfigurationId,
        ["TMS_ADAPTER_MODE"] = "1",
        ["TMS_TEST_RUN_ID"] = runId,
    };
}

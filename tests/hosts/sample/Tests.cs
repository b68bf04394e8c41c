using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Sample;

// Environment: SLOW = milliseconds that one test takes; FAIL = anything, then one test fails;
// CRASH = anything, then the last one ends the test host.
[TestClass]
public class Tests
{
    [TestMethod]
    public void Names_its_runtime() => Console.WriteLine($"runtime {Environment.Version} on {Environment.OSVersion.Platform}");

    [TestMethod]
    public void Takes_its_time() => Thread.Sleep(int.Parse(Environment.GetEnvironmentVariable("SLOW") ?? "0"));

    [TestMethod]
    public void Fails_on_demand() => Assert.IsNull(Environment.GetEnvironmentVariable("FAIL"));

    [TestMethod, DataRow(1), DataRow(2)]
    public void Has_rows(int row)
    {
        if (row == 2 && Environment.GetEnvironmentVariable("CRASH") is not null)
        {
            Environment.FailFast("as told");
        }
    }
}

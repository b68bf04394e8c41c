using System.Diagnostics;

namespace SyncStorage.Build.EndToEnd.Fixture;

public static class Wait
{
    /// <summary>Looks ten times a second until it is true; fails with an explanation at the deadline.</summary>
    public static async Task UntilAsync(Func<bool> isTrue, TimeSpan deadline, Func<string> explain)
    {
        var clock = Stopwatch.StartNew();
        while (!isTrue())
        {
            if (clock.Elapsed > deadline)
            {
                Assert.Fail($"Not within {deadline.TotalSeconds:0} s: {explain()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }
}

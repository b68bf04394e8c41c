using Xunit;

namespace XunitV3Sample;

public class ClockTests
{
    [Fact]
    [Trait("Category", "time")]
    public void Ticks() => Assert.True(TimeProvider.System.GetTimestamp() > 0);

    [Theory]
    [InlineData(60, "00:01:00")]
    [InlineData(3600, "01:00:00")]
    public void Formats(int seconds, string expected) => Assert.Equal(expected, TimeSpan.FromSeconds(seconds).ToString());

    [Fact]
    public void IsSkippedAtRunTime() => Assert.Skip("no clock in sight");
}

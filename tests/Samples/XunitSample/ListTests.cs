using Xunit;

namespace XunitSample;

public class ListTests
{
    [Fact]
    public void Counts() => Assert.Equal(2, new List<int> { 1, 2 }.Count);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Grows(int by) => Assert.Equal(by, Enumerable.Range(0, by).Count());

    [Fact(Skip = "lists do not shrink yet")]
    public void Shrinks() => Assert.Fail();
}

using NUnit.Framework;

namespace NUnitSample;

public class TextTests
{
    [Test]
    public void Trims() => Assert.That(" a ".Trim(), Is.EqualTo("a"));

    [TestCase("a", "A")]
    [TestCase("ä", "Ä")]
    public void Raises(string lower, string upper) => Assert.That(lower.ToUpperInvariant(), Is.EqualTo(upper));

    [Test]
    public void SaysNothingYet() => Assert.Inconclusive("no verdict");

    [Test, Explicit("runs only when asked for")]
    public void RunsOnDemand() => Assert.Pass();
}

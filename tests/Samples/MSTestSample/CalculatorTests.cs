using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace MSTestSample;

[TestClass]
public class CalculatorTests
{
    [TestMethod]
    public void Parses() => Assert.AreEqual(4, int.Parse("4"));

    [TestMethod]
    [DataRow(1, 2, 3)]
    [DataRow(20, 22, 42)]
    public void AddsRows(int left, int right, int sum) => Assert.AreEqual(sum, left + right);

    [TestMethod]
    [TestProperty("ExternalId", "division-by-zero")]
    public void RefusesToDivideByZero()
    {
        int zero = 0;
        Assert.ThrowsExactly<DivideByZeroException>(() => _ = 1 / zero);
    }

    [TestMethod]
    [Ignore("square roots come later")]
    public void TakesSquareRoots() => Assert.Fail();
}

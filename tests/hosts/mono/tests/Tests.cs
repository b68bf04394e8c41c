using System;
using NUnit.Framework;

namespace MonoTests
{
    public class Tests
    {
        [Test]
        public void Names_its_runtime() => Console.WriteLine("runtime " + Environment.Version);

        [TestCase(1), TestCase(2)]
        public void Has_rows(int row) => Assert.That(row, Is.Not.Zero);
    }
}

using SyncStorage.Server.Results;

namespace SyncStorage.Server.Tests.Results;

[TestClass]
public sealed class SequenceSetTests
{
    [TestMethod]
    public void In_any_order_every_number_is_known_once_it_was_added()
    {
        var random = new Random(1);
        long[] numbers = [.. Enumerable.Range(0, 1000).Select(i => (long)i)];
        random.Shuffle(numbers);
        var set = new SequenceSet();
        foreach (long number in numbers)
        {
            Assert.IsFalse(set.Contains(number));
            set.Add(number);
            Assert.IsTrue(set.Contains(number));
        }

        Assert.IsFalse(set.Contains(1000));
        Assert.IsFalse(set.Contains(-1));
    }
}

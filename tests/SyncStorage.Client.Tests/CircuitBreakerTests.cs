using SyncStorage.Running;

namespace SyncStorage.Client.Tests;

[TestClass]
public sealed class CircuitBreakerTests
{
    private TimeSpan _now;
    private readonly CircuitBreaker _breaker;

    public CircuitBreakerTests() => _breaker = new CircuitBreaker(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(100), () => _now);

    [TestMethod]
    public void Nobody_is_turned_away_while_the_service_answers()
    {
        Assert.IsTrue(_breaker.TryEnter());
        _breaker.Succeeded();
        Assert.IsTrue(_breaker.TryEnter());
    }

    [TestMethod]
    public void After_a_failure_everybody_is_turned_away_until_the_pause_has_passed()
    {
        _breaker.TryEnter();
        _breaker.Failed();
        _now += TimeSpan.FromSeconds(29);
        Assert.IsFalse(_breaker.TryEnter());
        _now += TimeSpan.FromSeconds(1);
        Assert.IsTrue(_breaker.TryEnter());
    }

    [TestMethod]
    public void Only_one_caller_tries_after_the_pause()
    {
        _breaker.Failed();
        _now += TimeSpan.FromSeconds(30);
        Assert.IsTrue(_breaker.TryEnter());
        Assert.IsFalse(_breaker.TryEnter());
        _breaker.Succeeded();
        Assert.IsTrue(_breaker.TryEnter());
    }

    [TestMethod]
    [DataRow(1, 30)]
    [DataRow(2, 60)]
    [DataRow(3, 100)]
    [DataRow(9, 100)]
    public void The_pause_doubles_up_to_the_longest(int failures, int seconds)
    {
        for (int i = 1; i < failures; i++)
        {
            _breaker.Failed();
            _now += TimeSpan.FromSeconds(100);
            Assert.IsTrue(_breaker.TryEnter());
        }

        _breaker.Failed();
        _now += TimeSpan.FromSeconds(seconds - 1);
        Assert.IsFalse(_breaker.TryEnter());
        _now += TimeSpan.FromSeconds(1);
        Assert.IsTrue(_breaker.TryEnter());
    }
}

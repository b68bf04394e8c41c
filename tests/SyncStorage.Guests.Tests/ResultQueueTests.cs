using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading.Tasks;
using SyncStorage.Results;
using SyncStorage.Sessions;
using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class ResultQueueTests
{
    [TestMethod]
    public async Task Batches_are_bounded_by_number_and_by_size()
    {
        var queue = new ResultQueue(new OutboxLimits { BatchResults = 3, BatchBytes = 20_000 });
        foreach (int length in new[] { 10, 10, 10, 10, 9000, 9000, 50_000, 10 })
        {
            Assert.IsTrue(queue.TryAdd(new ObservedResult { Message = new string('x', length) }));
        }

        queue.Complete();

        var sizes = new List<int>();
        while (await queue.TakeAsync() is { } batch)
        {
            sizes.Add(batch.Count);
        }

        CollectionAssert.AreEqual(new[] { 3, 1, 1, 1, 1, 1 }, sizes, string.Join(",", sizes));
    }

    [TestMethod]
    public void It_refuses_what_would_not_fit_into_memory()
    {
        var queue = new ResultQueue(new OutboxLimits { PendingBytes = 1 << 20 });
        int taken = Enumerable.Range(0, 1000).Count(_ => queue.TryAdd(new ObservedResult { StandardOutput = new string('x', 50_000) }));

        Assert.AreEqual(10, taken);
    }

    [TestMethod]
    public async Task A_lone_result_waits_for_company_but_not_for_long()
    {
        var queue = new ResultQueue(new OutboxLimits { BatchWait = TimeSpan.FromMilliseconds(50) });
        Task<IReadOnlyList<ObservedResult>?> taking = queue.TakeAsync();
        queue.TryAdd(new ObservedResult());

        Assert.IsFalse(taking.IsCompleted);
        Assert.HasCount(1, (await taking)!);
    }

    [TestMethod]
    public async Task Memory_stays_bounded_while_the_server_hangs()
    {
        using var guest = new GuestFixture();
        var never = new TaskCompletionSource();
        var limits = new OutboxLimits { PendingBytes = 4 << 20 };
        using var outbox = new ResultOutbox(guest.Worker, (_, _, token) => never.Task.WaitAsync(token), new GuestWarnings(_ => { }), limits);
        long before = GC.GetTotalMemory(forceFullCollection: true);

        for (int i = 0; i < 1000; i++)
        {
            outbox.Add(new ObservedResult { Sequence = i, StandardOutput = new string('x', 100_000) });
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.IsLessThan(20 << 20, grown);
        await outbox.FlushAsync(isDoubtful: false);
        Assert.AreEqual(new OutboxCounts(0, 1000, 0), outbox.Counts);
        Assert.AreEqual(1000, guest.Spooled.Select(r => r.Sequence).Distinct().Count());
    }

    [TestMethod]
    public void A_process_that_is_cancelled_keeps_what_was_waiting()
    {
        using var guest = new GuestFixture();
        var never = new TaskCompletionSource();
        using var outbox = new ResultOutbox(guest.Worker, (_, _, token) => never.Task.WaitAsync(token), new GuestWarnings(_ => { }), new OutboxLimits());
        for (int i = 0; i < 300; i++)
        {
            outbox.Add(new ObservedResult { Sequence = i });
        }

        outbox.Abandon();

        Assert.AreEqual(300, guest.Spooled.Select(r => r.Sequence).Distinct().Count());
    }
}

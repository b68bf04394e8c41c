using System;
using SyncStorage.Results;

namespace SyncStorage.Benchmarks;

/// <summary>A result as a small test gives it.</summary>
internal static class SampleResult
{
    public static ObservedResult Of(int number) => new()
    {
        Sequence = number,
        TestCaseId = Guid.NewGuid().ToString(),
        FullyQualifiedName = $"Company.Product.Tests.Area{number % 100}.Test{number}",
        DisplayName = $"Test{number}",
        TestCaseDisplayName = $"Test{number}",
        ExecutorUri = "executor://mstestadapter/v4",
        Source = "/home/user/tests.dll",
        Outcome = "Passed",
        StartedOn = DateTimeOffset.UnixEpoch,
        CompletedOn = DateTimeOffset.UnixEpoch,
        DurationMs = 5,
        StandardOutput = "a line of output as tests like to print it",
    };
}

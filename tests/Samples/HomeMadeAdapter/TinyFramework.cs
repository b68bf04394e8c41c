using System.Reflection;

namespace HomeMade;

/// <summary>One finished test of the framework.</summary>
public sealed record TinyResult(string Name, string Outcome, DateTimeOffset StartedOn, DateTimeOffset CompletedOn, string? Message);

/// <summary>A test whose author wants it skipped throws this.</summary>
public sealed class SkipException(string reason) : Exception(reason);

/// <summary>A whole test framework: every public method of a class is a test, and whatever it throws makes it fail.</summary>
public static class TinyFramework
{
    public static async Task RunAsync(Type suite, Func<TinyResult, Task> finished)
    {
        foreach (MethodInfo test in suite.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        {
            await finished(await RunAsync(suite, test));
        }
    }

    private static async Task<TinyResult> RunAsync(Type suite, MethodInfo test)
    {
        DateTimeOffset startedOn = DateTimeOffset.UtcNow;
        string outcome = "Passed";
        string? message = null;
        try
        {
            if (test.Invoke(Activator.CreateInstance(suite), null) is Task running)
            {
                await running;
            }
        }
        catch (Exception e)
        {
            Exception cause = (e as TargetInvocationException)?.InnerException ?? e;
            outcome = cause is SkipException ? "Skipped" : "Failed";
            message = cause.Message;
        }

        return new TinyResult($"{suite.FullName}.{test.Name}", outcome, startedOn, DateTimeOffset.UtcNow, message);
    }
}

/// <summary>What tests of the framework check with.</summary>
public static class Check
{
    public static void Equal<T>(T expected, T actual)
    {
        if (!Equals(expected, actual))
        {
            throw new InvalidOperationException($"Expected {expected}, got {actual}.");
        }
    }
}

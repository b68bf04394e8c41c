using System.Diagnostics;
using System.Runtime.InteropServices;
using SyncStorage.Sessions;

namespace SyncStorage.Mail;

/// <summary>A trait, category or property of a test. A name may occur several times.</summary>
internal sealed record MailedTrait(string Name, string Value);

/// <summary>Who a test is, as far as the host tells. The server makes Test IT's ids of it.</summary>
internal sealed record MailedTest
{
    /// <summary>VSTest's TestCase.Id, the same in every extension.</summary>
    public string TestCaseId { get; init; } = "";

    public string FullyQualifiedName { get; init; } = "";

    /// <summary>Of the test case: rows that VSTest folds into one test case share it.</summary>
    public string DisplayName { get; init; } = "";

    /// <summary>Which framework's adapter runs it, such as executor://xunit/VsTestRunner2/netcoreapp.</summary>
    public string ExecutorUri { get; init; } = "";

    /// <summary>Path of the test assembly.</summary>
    public string Source { get; init; } = "";

    /// <summary>Namespace-qualified type and method of the test, where the adapter gives them.</summary>
    public string? ManagedType { get; init; }
    public string? ManagedMethod { get; init; }

    public IReadOnlyList<MailedTrait> Traits { get; init; } = [];
}

/// <summary>A finished test with all that its host hands over.</summary>
internal sealed record MailedResult
{
    public MailedTest Test { get; init; } = new();

    /// <summary>Of the result: for a data row with its arguments, where the framework gives them.</summary>
    public string DisplayName { get; init; } = "";

    /// <summary>VSTest's word: Passed, Failed, Skipped, None or NotFound.</summary>
    public string Outcome { get; init; } = "None";

    public DateTimeOffset StartedOn { get; init; }
    public DateTimeOffset CompletedOn { get; init; }
    public long DurationMs { get; init; }
    public string? Message { get; init; }
    public string? Trace { get; init; }
    public string? StandardOutput { get; init; }
    public string? StandardError { get; init; }
    public IReadOnlyList<string> Attachments { get; init; } = [];

    /// <summary>
    /// How many results of this fully qualified name and display name the worker handed over before. Not 0: another row of the same name,
    /// or a failure beside the test's own result.
    /// </summary>
    public int Twin { get; init; }
}

/// <summary>
/// The lines of a mail file. The first property is always <c>type</c>; what is empty is left out. Sequences count from 0 in each file, a
/// counter for each kind of line: the server recognises by them what it has read before.
/// <code>
/// worker     pid, testRunId, part, project, targetFramework, session, projectFile, frameworkOfSeveral, processId, processBirth: the first
///            line of every file
/// start      sequence, startedOn, and the test (<see cref="MailedTest"/>)
/// end        sequence, completedOn, outcome, and the test
/// result     sequence, and a whole result (<see cref="MailedResult"/>)
/// trouble    text, for the server's log
/// completed  the part has ended in good order; nothing comes after it. The logger's has more: at, status (aborted), reason
/// </code>
/// </summary>
internal static class MailLines
{
    /// <summary>This process takes part as one part of the worker.</summary>
    public static JsonLine Worker(MailAddress address, string workerPid, string part)
    {
        using var self = Process.GetCurrentProcess();
        return Of(MailTypes.Worker)
            .Add("pid", workerPid)
            .Add("testRunId", address.TestRunId)
            .Add("part", part)
            .Add("project", address.Project)
            .Add("targetFramework", address.TargetFramework)
            .Add("session", NullIfEmpty(address.Session))
            .Add("projectFile", NullIfEmpty(address.ProjectFile))
            .Add("frameworkOfSeveral", NullIfEmpty(address.FrameworkOfSeveral))
            .Add("processId", self.Id)
            .Add("processBirth", ProcessIdentity.Of(self.Id)?.Birth);
    }

    public static JsonLine Start(MailedTest test, long sequence, DateTimeOffset at)
        => WithTest(Of(MailTypes.Start).Add("sequence", sequence).Add("startedOn", at), test);

    public static JsonLine End(MailedTest test, long sequence, DateTimeOffset at, string outcome)
        => WithTest(Of(MailTypes.End).Add("sequence", sequence).Add("completedOn", at).Add("outcome", outcome), test);

    public static JsonLine Result(MailedResult result, long sequence)
        => WithTest(Of(MailTypes.Result).Add("sequence", sequence), result.Test)
            .Add("displayName", result.DisplayName)
            .Add("outcome", result.Outcome)
            .Add("startedOn", result.StartedOn)
            .Add("completedOn", result.CompletedOn)
            .Add("durationMs", result.DurationMs)
            .Add("message", result.Message)
            .Add("trace", result.Trace)
            .Add("standardOutput", result.StandardOutput)
            .Add("standardError", result.StandardError)
            .Add("attachments", result.Attachments)
            .Add("twin", result.Twin);

    /// <summary>For the server's log.</summary>
    public static JsonLine Trouble(string text) => Of(MailTypes.Trouble).Add("text", text);

    public static JsonLine Completed() => Of(MailTypes.Completed);

    /// <param name="at">When the end was seen.</param>
    /// <param name="aborted">The tests did not end by themselves.</param>
    /// <param name="reason">The host's last words about trouble; null if there were none.</param>
    public static JsonLine Completed(DateTimeOffset at, bool aborted, string? reason)
        => Completed().Add("at", at).Add("status", aborted ? "aborted" : null).Add("reason", reason);

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static JsonLine Of(string type) => new JsonLine().Add("type", type);

    private static JsonLine WithTest(JsonLine line, MailedTest test)
        => line.Add("testCaseId", test.TestCaseId)
            .Add("fullyQualifiedName", test.FullyQualifiedName)
            .Add("testCaseDisplayName", test.DisplayName)
            .Add("executorUri", test.ExecutorUri)
            .Add("source", test.Source)
            .Add("managedType", test.ManagedType)
            .Add("managedMethod", test.ManagedMethod)
            .Add("traits", test.Traits);
}

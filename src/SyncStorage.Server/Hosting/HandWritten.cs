using System.Text.Json;
using SyncStorage.Mail;
using SyncStorage.Results;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// The settings of tests that no MSBuild target began: the logger wrote them down as the user did, in name=value lines, and here they are
/// understood. What MSBuild's side would have put into the session is put there.
/// </summary>
internal static class HandWritten
{
    // What is known of the tests, beside what the user wrote.
    private const string Worker = "@worker";
    private const string StartupDirectory = "@directory";
    private const string Assembly = "@assembly";

    /// <param name="options">The command line.</param>
    /// <returns>The command line as it would be with those settings; null when the user switched Sync Storage off.</returns>
    public static ServerOptions? Resolve(ServerOptions options)
    {
        Dictionary<string, string> given = Read(options.Settings!);
        string startupDirectory = given[StartupDirectory];
        string? assembly = given[Assembly].Length == 0 ? null : given[Assembly];
        Session session = Session.At(options.Session!);
        var settings = new InvocationSettings(
            assembly is null ? startupDirectory : Path.GetDirectoryName(assembly)!, startupDirectory, given, "{0} in the .runsettings", enabledByDefault: true);
        string addressPath = MailAddress.PathIn(session.Directory, given[Worker]);
        if (!settings.Enabled)
        {
            File.Delete(addressPath);
            return null;
        }

        RunSettings run = settings.ReadRun(session.DeriveTestRunId);
        Say(session, settings.Problems.Select(problem => problem.Diagnostic).Concat(TokenIn(given)).Select(ConsoleText.Line));
        session.WriteRun(run);
        MailAddress address = MailAddress.Read(session.Directory, given[Worker])!;
        string targetFramework = assembly is not null && TargetFrameworkOf(assembly) is string built ? built : address.TargetFramework;
        session.WriteWorker(given[Worker], address with { TestRunId = run.TestRunId, TargetFramework = targetFramework });
        return ServerOptions.Parse([.. settings.ToServerStart(run.TestRunId).ToOptions(), "--session", session.Directory, "--settings", options.Settings!]);
    }

    /// <summary>For the logger's console, at the end of the tests. Beside the session, which is gone by then.</summary>
    public static void Say(Session session, IEnumerable<string> lines) => File.AppendAllLines(session.Directory + ".console", lines);

    private static Dictionary<string, string> Read(string path)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in File.ReadAllLines(path))
        {
            string[] parts = line.Split('=', 2);
            values[Uri.UnescapeDataString(parts[0])] = Uri.UnescapeDataString(parts[1]);
        }

        return values;
    }

    /// <summary>VSTest copies a .runsettings into its logs and hands it to every process of the run.</summary>
    private static IEnumerable<Diagnostic> TokenIn(Dictionary<string, string> given)
    {
        if (given.ContainsKey(Setting.PrivateToken.Name))
        {
            yield return Diagnostics.TokenInRunSettings();
        }
    }

    /// <summary>Short framework such as net10.0 that an assembly was built for, as its runtime configuration says; null without one.</summary>
    private static string? TargetFrameworkOf(string testAssembly)
    {
        try
        {
            using JsonDocument configuration = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(testAssembly, ".runtimeconfig.json")));
            return configuration.RootElement.GetProperty("runtimeOptions").GetProperty("tfm").GetString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // .NET Framework has no such file.
            return null;
        }
    }
}

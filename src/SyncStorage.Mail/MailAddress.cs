using System.Text;
using SyncStorage.Sessions;

namespace SyncStorage.Mail;

/// <summary>
/// <c>workers/{pid}.mail</c> in a session: where a worker's extensions write, and for whom. Lines of text, percent-encoded, because
/// extensions have no JSON reader and a path may contain anything.
/// </summary>
/// <param name="Folder">The run's mail folder, absolute.</param>
/// <param name="TestRunId">The run that the worker takes part in.</param>
/// <param name="Project">Name of the test project.</param>
/// <param name="TargetFramework">Short form, such as net10.0.</param>
/// <param name="Session">Identity of the session: whose server the mail is for, should another one find it first.</param>
internal sealed record MailAddress(string Folder, string TestRunId, string Project, string TargetFramework, string Session = "")
{
    /// <summary>Where no MSBuild ran, the logger tells the test hosts that its process starts where to look.</summary>
    public const string SessionVariable = "SYNCSTORAGE_SESSION";
    public const string WorkerVariable = "SYNCSTORAGE_WORKER";

    private const int Fields = 7;

    /// <summary>File of the test project, absolute: two projects may have assemblies of one name. Empty where no MSBuild target ran.</summary>
    public string ProjectFile { get; init; } = "";

    /// <summary>The target framework where the project has several, whichever of them are tested now; else empty.</summary>
    public string FrameworkOfSeveral { get; init; } = "";

    public static string PathIn(string sessionDirectory, string workerPid) => Path.Combine(sessionDirectory, "workers", workerPid + ".mail");

    /// <summary>Null when the session is over or knows no such worker.</summary>
    /// <exception cref="IOException">The file is there and cannot be read.</exception>
    public static MailAddress? Read(string sessionDirectory, string workerPid)
    {
        string[] lines = (SharedFile.ReadText(PathIn(sessionDirectory, workerPid)) ?? "").Split('\n').Select(Uri.UnescapeDataString).ToArray();
        return lines.Length <= Fields ? null : new MailAddress(lines[0], lines[1], lines[2], lines[3], lines[4]) { ProjectFile = lines[5], FrameworkOfSeveral = lines[6] };
    }

    public byte[] ToBytes()
        => Encoding.UTF8.GetBytes(string.Concat(
            new[] { Folder, TestRunId, Project, TargetFramework, Session, ProjectFile, FrameworkOfSeveral }.Select(field => Uri.EscapeDataString(field) + "\n")));
}

using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using SyncStorage.Results;

namespace SyncStorage.Build;

/// <summary>
/// Shows diagnostics in MSBuild's log. Warnings become errors with SyncStorageFailOnError only: where the user has MSBuild treat warnings as
/// errors they are messages, because trouble of ours must not fail a build whose tests pass.
/// </summary>
internal sealed class DiagnosticLog(TaskLoggingHelper log, IBuildEngine engine, bool failOnError)
{
    public void Write(Diagnostic diagnostic)
    {
        string text = ConsoleText.Escape(diagnostic.Message);
        switch (Diagnostics.SeverityOf(diagnostic.Code))
        {
            case Severity.Message:
                log.LogMessage(MessageImportance.High, "{0}", ConsoleText.Escape(diagnostic.ToString()));
                break;
            case Severity.Warning when !failOnError && WarningsAsErrors.Of(engine).Contains(engine, diagnostic.Code!):
                // MSBuild's loggers show the code of a message only beside a file.
                log.LogMessage(null, diagnostic.Code, null, engine.ProjectFileOfTaskNode, 0, 0, 0, 0, MessageImportance.High, "{0}", text);
                break;
            case Severity.Warning when !failOnError:
                log.LogWarning(null, diagnostic.Code, null, null, null, 0, 0, 0, 0, "{0}", text);
                break;
            default:
                log.LogError(null, diagnostic.Code, null, null, null, 0, 0, 0, 0, "{0}", text);
                break;
        }
    }
}

using System.Collections;
using Microsoft.Build.Framework;

namespace SyncStorage.Build;

/// <summary>
/// Which of our warnings MSBuild would turn into errors: by -warnaserror, or by a property of the project. Those are said as messages: the
/// strictness of users is about their code, and trouble of ours must not fail a build whose tests pass.
/// </summary>
internal sealed class WarningsAsErrors
{
    private const string Project = "SyncStorage.Build.WarningsAsErrors.proj";
    private const string Target = "ListWarningsAsErrors";

    private readonly HashSet<string> _everywhere;

    private WarningsAsErrors(IEnumerable<string> everywhere) => _everywhere = new HashSet<string>(everywhere, StringComparer.OrdinalIgnoreCase);

    /// <summary>Any code at all.</summary>
    public bool AreAny(IBuildEngine engine) => _everywhere.Count > 0 || Enumerable.Range(1, 99).Any(number => IsErrorIn(engine, $"SYNC{number:0000}"));

    public bool Contains(IBuildEngine engine, string code) => _everywhere.Contains(code) || IsErrorIn(engine, code);

    /// <summary>Asked once a node and build.</summary>
    public static WarningsAsErrors Of(IBuildEngine engine)
    {
        const string key = "SyncStorage.Build warnings as errors";
        if (engine is not IBuildEngine4 engine4)
        {
            return new WarningsAsErrors([]);
        }

        if (engine4.GetRegisteredTaskObject(key, RegisteredTaskObjectLifetime.Build) is WarningsAsErrors known)
        {
            return known;
        }

        var asked = new WarningsAsErrors(Ask(engine));
        engine4.RegisterTaskObject(key, asked, RegisteredTaskObjectLifetime.Build, allowEarlyCollection: false);
        return asked;
    }

    private static bool IsErrorIn(IBuildEngine engine, string code) => engine is IBuildEngine8 strict && strict.ShouldTreatWarningAsError(code);

    private static string[] Ask(IBuildEngine engine)
    {
        string tasks = typeof(WarningsAsErrors).Assembly.Location;
        string project = Path.Combine(Path.GetDirectoryName(tasks)!, "..", "..", "build", Project);
        var outputs = new Hashtable();
        bool answered = File.Exists(project) && engine.BuildProjectFile(Path.GetFullPath(project), [Target], new Hashtable { ["SyncStorageTasks"] = tasks }, outputs);
        return answered && outputs[Target] is ITaskItem[] codes ? codes.Select(code => code.ItemSpec).ToArray() : [];
    }
}

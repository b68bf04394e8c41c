using System.Globalization;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Content;

namespace SyncStorage.Server.TestIt;

/// <summary>One row of the run in Test IT. Several observed results share it when they are attempts of one test.</summary>
internal sealed class Row
{
    /// <summary>Test IT's id; null until it is known. No text: there are as many rows as results.</summary>
    public Guid? Id { get; set; }

    /// <summary>True once Test IT has the row, with or without our knowing its id.</summary>
    public bool Exists { get; set; }

    /// <summary>The row was there before us, InProgress (adapter mode 0): it has our status, but not our body.</summary>
    public bool Adopted { get; set; }

    /// <summary>The run's held-back result: stays InProgress until the run's end.</summary>
    public bool Held { get; set; }

    /// <summary>Milliseconds of all attempts that Test IT knows.</summary>
    public long SentDurationMs { get; set; }

    /// <summary>In Test IT the row has no parameters: while it is InProgress it may swallow every final result of its autotest.</summary>
    public bool HasNoParameters { get; set; }

    /// <summary>Parameters of ours that tell the row from others with the same id; null for most.</summary>
    public KeyValuePair<string, string>[]? Distinction { get; set; }

    internal string TargetFramework { get; init; } = "";
    internal int Test { get; init; }

    /// <summary>One text for all rows of a project.</summary>
    internal string Project { get; init; } = "";
}

/// <summary>
/// Which observed result belongs to which row, so that the same (external id, parameters) is never used by two tests. What tells rows apart
/// and is known beforehand (arguments, one framework of several) is in <see cref="ResultContent.Parameters"/> of all of them; what nobody can
/// know is found here: who comes later with the same gets one parameter more that says what differs.
/// </summary>
internal sealed class RowRegistry
{
    private readonly object _lock = new();
    private readonly Dictionary<UInt128, Row> _rows = [];
    private readonly Dictionary<UInt128, Row> _taken = [];
    private readonly Dictionary<string, string> _projects = [];
    private readonly HashSet<Guid> _ids = [];

    /// <summary>
    /// Attempts of one test have the same key. Within one worker there are none: under VSTest every test ends once, and [Retry] of NUnit and
    /// MSTest hands over the last attempt alone. So a name that a worker reports again is another result, told by its
    /// <see cref="ObservedResult.Twin"/>. A test is run again by another test process only, which is another worker with the same project,
    /// framework and name: `dotnet test` called once more for the run (by hand, by a build server that repeats what failed), or
    /// Microsoft.Testing.Extensions.Retry, which starts the whole test module again.
    /// </summary>
    /// <param name="externalId">Rows of one name may have ids of their own.</param>
    public static UInt128 KeyOf(StoredResult stored, ObservedResult result, string externalId)
        => Fingerprint.Of(
            externalId, ProjectOf(result), stored.TargetFramework,
            result.FullyQualifiedName, result.DisplayName, result.Twin.ToString(CultureInfo.InvariantCulture));

    public Row Claim(UInt128 key, StoredResult stored, ObservedResult result, ResultContent content)
    {
        lock (_lock)
        {
            if (_rows.TryGetValue(key, out Row? known))
            {
                return known;
            }

            string project = ProjectOf(result);
            if (_projects.TryGetValue(project, out string? same))
            {
                project = same;
            }
            else
            {
                _projects.Add(project, project);
            }

            var row = new Row
            {
                TargetFramework = stored.TargetFramework,
                Test = string.GetHashCode(result.FullyQualifiedName, StringComparison.Ordinal),
                Project = project,
            };
            _rows.Add(key, row);
            UInt128 taken = Fingerprint.OfRow(content.ExternalId, content.Parameters);
            if (!_taken.TryAdd(taken, row))
            {
                Distinguish(row, _taken[taken], result, content);
            }

            return row;
        }
    }

    /// <summary>Gives a row another distinction: somebody else's row in Test IT has what it had.</summary>
    public void Distinguish(Row row, ObservedResult result, ResultContent content)
    {
        lock (_lock)
        {
            Distinguish(row, row, result, content);
        }
    }

    /// <summary>Test IT has the row under this id.</summary>
    public void Exists(Row row, string id)
    {
        lock (_lock)
        {
            row.Exists = true;
            if (Guid.TryParse(id, out Guid guid))
            {
                row.Id = guid;
                _ids.Add(guid);
            }
        }
    }

    public bool IsOurs(string id)
    {
        lock (_lock)
        {
            return Guid.TryParse(id, out Guid guid) && _ids.Contains(guid);
        }
    }

    public static IReadOnlyDictionary<string, string> ParametersOf(Row row, ResultContent content)
    {
        if (row.Distinction is null)
        {
            return content.Parameters;
        }

        var parameters = new Dictionary<string, string>(content.Parameters);
        foreach ((string name, string value) in row.Distinction)
        {
            parameters[name] = value;
        }

        return parameters;
    }

    private void Distinguish(Row row, Row holder, ObservedResult result, ResultContent content)
    {
        var distinction = new List<KeyValuePair<string, string>>(row.Distinction ?? []);
        bool Try(string name, string value)
        {
            // A parameter of the user's own with this name stays what it is.
            if (distinction.Any(one => one.Key == name) || content.Parameters.ContainsKey(name))
            {
                return false;
            }

            distinction.Add(KeyValuePair.Create(name, HtmlText.Escape(value)));
            return IsFree();
        }

        bool IsFree()
        {
            row.Distinction = [.. distinction];
            return _taken.TryAdd(Fingerprint.OfRow(content.ExternalId, ParametersOf(row, content)), row);
        }

        if ((row.TargetFramework != holder.TargetFramework && Try("targetFramework", row.TargetFramework))
            || (row.Test != holder.Test && Try("test", result.FullyQualifiedName))
            || (row.Project != holder.Project && Try("project", NameOf(row.Project, holder.Project))))
        {
            return;
        }

        string repeat = content.Parameters.ContainsKey("repeat") ? "repeat of this row" : "repeat";
        for (int number = 2; ; number++)
        {
            distinction.RemoveAll(one => one.Key == repeat);
            if (Try(repeat, number.ToString(CultureInfo.InvariantCulture)))
            {
                return;
            }
        }
    }

    /// <summary>The assembly's path where the project is unknown: its file name alone is shared by many.</summary>
    private static string ProjectOf(ObservedResult result) => result.ProjectFile ?? result.Source;

    /// <summary>The project's name, with the folder in front where the other one has the same.</summary>
    private static string NameOf(string project, string other)
    {
        string name = Path.GetFileNameWithoutExtension(project);
        return name == Path.GetFileNameWithoutExtension(other) ? $"{Path.GetFileName(Path.GetDirectoryName(project))}/{name}" : name;
    }
}

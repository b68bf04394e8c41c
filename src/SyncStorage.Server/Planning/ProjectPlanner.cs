using SyncStorage.Sessions;

namespace SyncStorage.Server.Planning;

/// <summary>
/// Which tests of a built assembly a run asks for. What the assembly's metadata decides is decided by it; for tests whose id only running
/// them would tell, the names that Test IT has are the second source; and what neither decides runs, and is named.
/// </summary>
internal sealed class ProjectPlanner
{
    private const int NamedAtMost = 10;

    private static readonly string[] KnownAdapters = ["MSTest.TestAdapter", "Microsoft.VisualStudio.TestPlatform.MSTest.TestAdapter", "NUnit3.TestAdapter", "xunit.runner."];

    private readonly IReadOnlyList<TestMethod> _tests;
    private readonly Dictionary<string, PlannedAutoTest> _planned;
    private readonly HashSet<string> _owned = new(StringComparer.Ordinal);
    private readonly HashSet<TestMethod> _whole = [];
    private readonly List<ChosenTest> _named = [];
    private readonly HashSet<TestMethod> _withMoreRows = [];
    private readonly HashSet<TestMethod> _undecided = [];

    private ProjectPlanner(IReadOnlyList<TestMethod> tests, IReadOnlyList<PlannedAutoTest> planned)
    {
        _tests = tests;
        _planned = planned.GroupBy(test => test.ExternalId, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
    }

    /// <param name="assembly">Path of the test assembly.</param>
    /// <param name="scheme">SyncStorageExternalId.</param>
    public static ProjectPlan Make(string assembly, IReadOnlyList<PlannedAutoTest> planned, string scheme)
    {
        using var assemblies = new AssemblyTypes(assembly);
        // As VSTest finds adapters.
        bool isForeign = Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(assembly))!, "*.TestAdapter.dll", new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive })
            .Select(Path.GetFileName).Any(file => !KnownAdapters.Any(known => file!.StartsWith(known, StringComparison.OrdinalIgnoreCase)));
        return Make(TestMethods.Of(assemblies, scheme), isForeign, planned);
    }

    internal static ProjectPlan Make(IReadOnlyList<TestMethod> tests, bool isForeign, IReadOnlyList<PlannedAutoTest> planned)
    {
        var planner = new ProjectPlanner(tests, planned);
        planner.ChooseById();
        planner.ChooseByTemplate();
        planner.ChooseByName();
        planner.ChooseUndecided();
        return planner.Finish(isForeign);
    }

    private void ChooseById()
    {
        foreach (TestMethod test in _tests)
        {
            if (test.Ids.Where(IsPlanned).ToList() is { Count: > 0 } ids)
            {
                _whole.Add(test);
                _owned.UnionWith(ids);
            }

            foreach (TestRow row in test.Rows.Where(row => IsPlanned(row.ExternalId)))
            {
                _owned.Add(row.ExternalId);
                if (row.Name.Length > 0)
                {
                    _named.Add(new ChosenTest(row.ExternalId, test.Type, WithoutType(row.Name, test.Type), null));
                }
                else
                {
                    ChooseWhole(test, isExact: test.Rows.All(one => IsPlanned(one.ExternalId)));
                }
            }
        }
    }

    /// <summary>Ids with placeholders of rows that cannot be read.</summary>
    private void ChooseByTemplate()
    {
        foreach (TestMethod test in _tests.Where(test => test is { Template: not null, Rows.Count: 0 }))
        {
            foreach (PlannedAutoTest planned in Left().Where(planned => test.Template!.IsMatch(planned.ExternalId)).ToList())
            {
                _owned.Add(planned.ExternalId);
                if (test.HasNamedRows && IsNamed(planned, test))
                {
                    _named.Add(ChosenTest.Of(planned));
                }
                else
                {
                    ChooseWhole(test, isExact: false);
                }
            }
        }
    }

    private void ChooseByName()
    {
        ILookup<string, TestMethod> open = _tests.Where(test => test.IsOpen).ToLookup(test => WithoutTypeArguments(test.Type), StringComparer.Ordinal);
        foreach (PlannedAutoTest planned in Left().Where(planned => planned.Type.Length > 0).ToList())
        {
            List<TestMethod> fitting = open[WithoutTypeArguments(planned.Type)].Where(test => IsNamed(planned, test)).ToList();
            if (fitting.Count > 0)
            {
                _owned.Add(planned.ExternalId);
                _named.Add(ChosenTest.Of(planned));
            }
        }
    }

    /// <summary>An autotest without a class in Test IT may be any test whose id is not known. One with a class that is not here is another project's.</summary>
    private void ChooseUndecided()
    {
        HashSet<string> classes = Left().Select(planned => WithoutTypeArguments(planned.Type)).ToHashSet(StringComparer.Ordinal);
        bool isAnywhere = classes.Contains("");
        foreach (TestMethod test in _tests.Where(test => test.IsOpen && !_whole.Contains(test)))
        {
            if (isAnywhere || (test.HasOpenId && classes.Contains(WithoutTypeArguments(test.Type))))
            {
                _undecided.Add(test);
            }
        }
    }

    private ProjectPlan Finish(bool isForeign)
    {
        var notes = new List<string>();
        _whole.UnionWith(_undecided);
        AddNote(notes, _undecided, "whether they are planned cannot be told before they run, so they do");
        AddNote(notes, _withMoreRows, "their rows cannot be chosen one by one, so all of them run");
        List<ChosenTest> chosen = [.. _whole.Select(ChosenTest.Of), .. _named];
        string[] frameworks = _tests.Select(test => test.Framework).Distinct().ToArray();
        if (isForeign)
        {
            // A framework whose tests we cannot find: what is left of the plan may be among them.
            chosen.AddRange(Left().Select(ChosenTest.Of));
        }
        else if (_whole.Count == _tests.Count && _tests.Count > 0)
        {
            return new ProjectPlan { Notes = notes };
        }

        PlannedFilter filter = (isForeign || frameworks.Length != 1, frameworks.FirstOrDefault()) switch
        {
            (false, TestFrameworks.MSTest) => PlannedFilters.MSTest(chosen),
            (false, TestFrameworks.NUnit) => PlannedFilters.NUnit(chosen),
            (false, TestFrameworks.Xunit) => PlannedFilters.Xunit(chosen),
            _ => PlannedFilters.Common(chosen),
        };
        if (filter.NotExpressible.Count > 0)
        {
            notes.Add($"no VSTest filter can express {Listed(filter.NotExpressible)}, so all tests of the project run");
            return new ProjectPlan { Notes = notes };
        }

        return new ProjectPlan { Filter = filter.Expression, RunsNothing = chosen.Count == 0, Notes = notes };
    }

    private void ChooseWhole(TestMethod test, bool isExact)
    {
        _whole.Add(test);
        if (!isExact)
        {
            _withMoreRows.Add(test);
        }
    }

    private bool IsPlanned(string externalId) => _planned.ContainsKey(externalId);

    private IEnumerable<PlannedAutoTest> Left() => _planned.Values.Where(planned => !_owned.Contains(planned.ExternalId));

    private static bool IsNamed(PlannedAutoTest planned, TestMethod test)
        => WithoutTypeArguments(planned.Type) == WithoutTypeArguments(test.Type)
            && (test.HasOpenNames || planned.Name == test.Name || Begins(planned.Name, test.Name) || (test.DisplayName is { } name && Begins(planned.Name, name)));

    /// <summary>The name, then arguments.</summary>
    private static bool Begins(string name, string with)
        => name.StartsWith(with, StringComparison.Ordinal) && (name.Length == with.Length || name[with.Length] is '(' or '<' or ' ');

    private static string WithoutType(string name, string type) => name.StartsWith(type + ".", StringComparison.Ordinal) ? name[(type.Length + 1)..] : name;

    private static string WithoutTypeArguments(string type)
    {
        int end = type.AsSpan().IndexOfAny('<', '`');
        return end < 0 ? type : type[..end];
    }

    private static void AddNote(List<string> notes, HashSet<TestMethod> tests, string what)
    {
        if (tests.Count > 0)
        {
            notes.Add($"{Listed(tests.Select(test => test.ToString()).Distinct().ToList())}: {what}");
        }
    }

    private static string Listed(IReadOnlyList<string> names)
        => string.Join(", ", names.Take(NamedAtMost)) + (names.Count > NamedAtMost ? $" and {names.Count - NamedAtMost} more" : "");
}

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
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

    /// <summary>Parameters of ours that tell the row from others with the same id; null for most.</summary>
    public KeyValuePair<string, string>[]? Distinction { get; set; }

    internal string TargetFramework { get; init; } = "";
    internal int Test { get; init; }
    internal int Assembly { get; init; }
}

/// <summary>
/// Which observed result belongs to which row, so that the same (external id, parameters) is never used by two tests. The
/// first to come has the plain parameters; who comes later with the same gets one more that says what differs.
/// </summary>
internal sealed class RowRegistry
{
    private readonly object _lock = new();
    private readonly Dictionary<UInt128, Row> _rows = [];
    private readonly Dictionary<UInt128, Row> _taken = [];
    private readonly HashSet<Guid> _ids = [];

    /// <summary>Attempts of one test (a retry, or the same assembly run again) have the same key.</summary>
    public static UInt128 KeyOf(StoredResult stored, ObservedResult result)
        => Fingerprint.Of(stored.TargetFramework, result.TestCaseId, result.FullyQualifiedName, result.DisplayName);

    public Row Claim(UInt128 key, StoredResult stored, ObservedResult result, ResultContent content)
    {
        lock (_lock)
        {
            if (_rows.TryGetValue(key, out Row? known))
            {
                return known;
            }

            var row = new Row
            {
                TargetFramework = stored.TargetFramework,
                Test = string.GetHashCode(result.FullyQualifiedName, StringComparison.Ordinal),
                Assembly = string.GetHashCode(result.Source, StringComparison.Ordinal),
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
            if (distinction.Any(one => one.Key == name))
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
            || (row.Assembly != holder.Assembly && Try("assembly", Path.GetFileNameWithoutExtension(result.Source))))
        {
            return;
        }

        for (int number = 2; ; number++)
        {
            distinction.RemoveAll(one => one.Key == "repeat");
            if (Try("repeat", number.ToString(CultureInfo.InvariantCulture)))
            {
                return;
            }
        }
    }
}

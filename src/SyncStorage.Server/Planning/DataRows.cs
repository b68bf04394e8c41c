using System.Globalization;

namespace SyncStorage.Server.Planning;

/// <summary>A row of data that stands in an attribute.</summary>
/// <param name="Display">Its arguments as xUnit shows them; null where that is not plain.</param>
internal sealed record DataRow(IReadOnlyList<(string Name, string? Value)> Arguments, string? Display)
{
    public string Fill(string template)
        => Arguments.Aggregate(template, (text, argument) => argument.Value is null ? text : text.Replace($"{{{argument.Name}}}", argument.Value, StringComparison.Ordinal));
}

/// <summary>Rows that can be read. Null when there are others, too.</summary>
internal static class DataRows
{
    private const int LongestShown = 50;

    public static IReadOnlyList<DataRow>? OfMSTest(MethodLine method)
        => Of(method, "Microsoft.VisualStudio.TestTools.UnitTesting.DataRowAttribute", "Microsoft.VisualStudio.TestTools.UnitTesting.ITestDataSource");

    public static IReadOnlyList<DataRow>? OfNUnit(MethodLine method) => Of(method, "NUnit.Framework.TestCaseAttribute", "NUnit.Framework.Interfaces.ITestBuilder");

    public static IReadOnlyList<DataRow>? OfXunit(MethodLine method)
        => Of(method, "Xunit.InlineDataAttribute", "Xunit.Sdk.DataAttribute", "Xunit.v3.IDataAttribute") is { } rows && rows.All(row => row.Display is not null) ? rows : null;

    private static List<DataRow>? Of(MethodLine method, string readable, params string[] sources)
    {
        IReadOnlyList<string> parameters = method.Method.Parameters;
        var rows = new List<DataRow>();
        foreach (AttributeUse attribute in method.Attributes)
        {
            if (attribute.TypeName == readable)
            {
                if (ArgumentsOf(attribute, parameters.Count) is not { } arguments || attribute.Named.Keys.Any(name => name is "TestDisplayName" or "Label"))
                {
                    return null;
                }

                string?[] shown = arguments.Select(Show).ToArray();
                rows.Add(new DataRow(
                    parameters.Zip(arguments, (name, value) => (name, Text(value))).ToList(),
                    shown.Contains(null) ? null : string.Join(", ", parameters.Zip(shown, (name, text) => $"{name}: {text}"))));
            }
            else if (sources.Any(attribute.Is))
            {
                return null;
            }
        }

        return rows.Count > 0 ? rows : null;
    }

    /// <summary>One array (params), or some arguments and an array of the rest.</summary>
    private static List<object?>? ArgumentsOf(AttributeUse attribute, int parameters)
    {
        if (attribute.Arguments is not { } given)
        {
            return null;
        }

        List<object?> all = given.Count == 1 && given[0] is List<object?> only ? only : given.Count > 1 && given[^1] is List<object?> rest ? [.. given.SkipLast(1), .. rest] : [.. given];
        return all.Count == parameters ? all : null;
    }

    private static string? Text(object? value) => value switch
    {
        null => "null",
        string or char or bool or IFormattable => Convert.ToString(value, CultureInfo.InvariantCulture),
        _ => null,
    };

    /// <summary>Of what xUnit writes, the part that is the same in all of its versions.</summary>
    private static string? Show(object? value) => value switch
    {
        null => "null",
        bool truth => truth ? "True" : "False",
        byte or sbyte or short or ushort or int or uint or long or ulong => Convert.ToString(value, CultureInfo.InvariantCulture),
        string text when text.Length <= LongestShown && text.All(c => c is >= ' ' and < '\u007f' and not ('"' or '\\')) => $"\"{text}\"",
        _ => null,
    };
}

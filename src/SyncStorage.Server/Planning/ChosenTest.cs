using SyncStorage.Sessions;

namespace SyncStorage.Server.Planning;

/// <summary>A test that a filter has to let through.</summary>
/// <param name="Type">Its class as the framework calls it; empty when unknown.</param>
/// <param name="Name">Of the method, in xUnit and of NUnit's renamed rows of the test; without the type.</param>
/// <param name="Method">The fully qualified name, where that alone is enough: all rows run.</param>
internal sealed record ChosenTest(string ExternalId, string Type, string Name, string? Method)
{
    /// <summary>The name is a method's, all of whose rows run.</summary>
    public bool IsWhole { get; init; }

    /// <summary>By what Test IT knows of it.</summary>
    public static ChosenTest Of(PlannedAutoTest test)
    {
        string id = test.ExternalId;
        bool isMethod = IsPlain(id) && id.Contains('.', StringComparison.Ordinal) && (test.Type.Length == 0 || id.StartsWith(test.Type + ".", StringComparison.Ordinal));
        return new ChosenTest(id, test.Type, test.Name, isMethod ? id : null);
    }

    /// <summary>As the built assembly has it.</summary>
    public static ChosenTest Of(TestMethod test)
        => new("", test.Type, test.Name, test.HasPlainName && IsPlain(test.ToString()) ? test.ToString() : null) { IsWhole = true };

    /// <summary>Letters, digits and what joins them: nothing that any framework's filter could stumble over.</summary>
    public static bool IsPlain(string text)
        => text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || c is '_' or '.' or '+' or '`') && text[0] != '.' && text[^1] != '.';

    public override string ToString() => ExternalId.Length == 0 ? $"{Type}.{Name}" : Name.Length > 0 ? $"{Name} ({ExternalId})" : ExternalId;
}

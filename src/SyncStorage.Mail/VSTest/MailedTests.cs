using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using SyncStorage.Mail;

namespace SyncStorage.VSTest;

/// <summary>What a test case says of itself. Compiled into collector and logger: a test must be the same one in both.</summary>
internal static class MailedTests
{
    private const string Category = "Category";
    private const string CategorySuffix = ".TestCategory";
    private const string ManagedType = "TestCase.ManagedType";
    private const string ManagedMethod = "TestCase.ManagedMethod";

    public static MailedTest Of(TestCase test)
    {
        string? type = null;
        string? method = null;
        var traits = new List<MailedTrait>();
        AddTraits(traits, test);
        foreach (TestProperty property in test.Properties)
        {
            switch (property.Id)
            {
                case ManagedType:
                    type = Text(test, property);
                    break;
                case ManagedMethod:
                    method = Text(test, property);
                    break;
                // MSTest and NUnit keep categories in a property of their own.
                case string id when id.EndsWith(CategorySuffix, StringComparison.Ordinal) && test.GetPropertyValue(property) is string[] categories:
                    foreach (string category in categories)
                    {
                        traits.Add(new MailedTrait(Category, category ?? ""));
                    }

                    break;
            }
        }

        return new MailedTest
        {
            TestCaseId = test.Id.ToString("D"),
            FullyQualifiedName = test.FullyQualifiedName ?? "",
            DisplayName = string.IsNullOrEmpty(test.DisplayName) ? test.FullyQualifiedName ?? "" : test.DisplayName,
            ExecutorUri = test.ExecutorUri?.OriginalString ?? "",
            Source = test.Source ?? "",
            ManagedType = type,
            ManagedMethod = method,
            Traits = traits,
        };
    }

    public static void AddTraits(List<MailedTrait> traits, TestObject test)
    {
        foreach (Trait trait in test.Traits)
        {
            traits.Add(new MailedTrait(trait.Name ?? "", trait.Value ?? ""));
        }
    }

    private static string? Text(TestCase test, TestProperty property) => test.GetPropertyValue(property) is string { Length: > 0 } text ? text : null;
}

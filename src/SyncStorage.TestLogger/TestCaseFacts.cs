using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using SyncStorage.Results;

namespace SyncStorage.VSTest;

/// <summary>What a test case says beyond its names. Compiled into collector and logger: both must read the same.</summary>
internal static class TestCaseFacts
{
    private const string Category = "Category";
    private const string ManagedTypeId = "TestCase.ManagedType";
    private const string ManagedMethodId = "TestCase.ManagedMethod";

    public static string? ManagedType(TestCase test) => Property(test, ManagedTypeId);

    public static string? ManagedMethod(TestCase test) => Property(test, ManagedMethodId);

    /// <summary>Traits, and the categories that MSTest and NUnit keep in a property of their own.</summary>
    public static IEnumerable<ResultTrait> Traits(TestCase test)
        => Traits((TestObject)test).Concat(
            test.Properties
                .Where(property => property.Id.EndsWith(".TestCategory", StringComparison.Ordinal))
                .SelectMany(property => test.GetPropertyValue(property) as string[] ?? [])
                .Select(category => new ResultTrait { Name = Category, Value = category }));

    public static IEnumerable<ResultTrait> Traits(TestObject test)
        => test.Traits.Select(trait => new ResultTrait { Name = trait.Name ?? "", Value = trait.Value ?? "" });

    private static string? Property(TestCase test, string id)
    {
        TestProperty? property = test.Properties.FirstOrDefault(p => p.Id == id);
        return property is not null && test.GetPropertyValue(property) is string { Length: > 0 } value ? value : null;
    }
}

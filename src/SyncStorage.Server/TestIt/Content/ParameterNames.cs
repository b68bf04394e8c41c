using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace SyncStorage.Server.TestIt.Content;

/// <summary>
/// Names of test methods' parameters, read from the metadata of the test assembly: no code of it is loaded. An assembly that
/// cannot be read has no names, and its parameters are told apart by position.
/// </summary>
internal sealed class ParameterNames
{
    private const string Constructor = ".ctor";

    private readonly ConcurrentDictionary<string, Lazy<Dictionary<string, List<ImmutableArray<string>>>>> _assemblies = [];

    /// <param name="assembly">Path of the test assembly.</param>
    /// <param name="type">Reflection name, nested types with +.</param>
    /// <param name="arguments">How many arguments the row has: chooses among overloads.</param>
    /// <returns>Empty when unknown.</returns>
    public ImmutableArray<string> Find(string assembly, string type, string method, int arguments)
    {
        if (assembly.Length == 0)
        {
            return [];
        }

        Dictionary<string, List<ImmutableArray<string>>> methods = MethodsOf(assembly);
        // A test inherited from a base class is declared there, under another type's name.
        return Match(methods, type + "." + method, arguments) ?? Match(methods, "." + method, arguments) ?? [];
    }

    /// <summary>Names of the constructor's parameters, which are the arguments of a NUnit fixture.</summary>
    /// <returns>Empty when unknown.</returns>
    public ImmutableArray<string> FindOfFixture(string assembly, string type, int arguments)
        => assembly.Length > 0 ? Match(MethodsOf(assembly), $"{type}.{Constructor}", arguments) ?? [] : [];

    /// <summary>The parameters of all overloads of a method; none for one that takes none. Null when the assembly does not have the method.</summary>
    public IReadOnlyCollection<string>? AllOf(string assembly, string type, string method)
        => assembly.Length > 0 && MethodsOf(assembly).TryGetValue(type + "." + method, out List<ImmutableArray<string>>? overloads)
            ? overloads.SelectMany(names => names).ToHashSet()
            : null;

    /// <summary>True when the method is known to take parameters, so that its results are rows.</summary>
    public bool TakesParameters(string assembly, string type, string method)
        => assembly.Length > 0
            && MethodsOf(assembly).TryGetValue(type + "." + method, out List<ImmutableArray<string>>? overloads)
            && overloads.All(names => names.Length > 0);

    private Dictionary<string, List<ImmutableArray<string>>> MethodsOf(string assembly)
        => _assemblies.GetOrAdd(assembly, path => new Lazy<Dictionary<string, List<ImmutableArray<string>>>>(() => Read(path))).Value;

    private static ImmutableArray<string>? Match(Dictionary<string, List<ImmutableArray<string>>> methods, string key, int arguments)
    {
        if (!methods.TryGetValue(key, out List<ImmutableArray<string>>? overloads))
        {
            return null;
        }

        var fitting = overloads.Where(names => names.Length == arguments).ToList();
        // Two overloads of the same length but other names: either would be a guess.
        return fitting.Count > 0 && fitting.All(names => names.SequenceEqual(fitting[0])) ? fitting[0] : null;
    }

    private static Dictionary<string, List<ImmutableArray<string>>> Read(string path)
    {
        var methods = new Dictionary<string, List<ImmutableArray<string>>>();
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var image = new PEReader(file);
            if (!image.HasMetadata)
            {
                return methods;
            }

            MetadataReader reader = image.GetMetadataReader();
            foreach (TypeDefinitionHandle handle in reader.TypeDefinitions)
            {
                TypeDefinition type = reader.GetTypeDefinition(handle);
                string? typeName = null;
                foreach (MethodDefinitionHandle methodHandle in type.GetMethods())
                {
                    MethodDefinition method = reader.GetMethodDefinition(methodHandle);
                    string name = reader.GetString(method.Name);
                    if ((method.Attributes & MethodAttributes.SpecialName) != 0 && name != Constructor)
                    {
                        continue;
                    }

                    typeName ??= NameOf(reader, type);
                    ImmutableArray<string> parameters = ParametersOf(reader, method);
                    Add(methods, $"{typeName}.{name}", parameters);
                    if (parameters.Length > 0 && name != Constructor)
                    {
                        Add(methods, "." + name, parameters);
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BadImageFormatException or ArgumentException or NotSupportedException)
        {
            // Not there any more, or no .NET assembly: then parameters are named by position.
            methods.Clear();
        }

        return methods;
    }

    private static void Add(Dictionary<string, List<ImmutableArray<string>>> methods, string key, ImmutableArray<string> parameters)
    {
        if (!methods.TryGetValue(key, out List<ImmutableArray<string>>? overloads))
        {
            methods.Add(key, overloads = []);
        }

        overloads.Add(parameters);
    }

    private static ImmutableArray<string> ParametersOf(MetadataReader reader, MethodDefinition method)
        => [.. method.GetParameters().Select(reader.GetParameter).Where(parameter => parameter.SequenceNumber > 0).OrderBy(parameter => parameter.SequenceNumber).Select(parameter => reader.GetString(parameter.Name))];

    private static string NameOf(MetadataReader reader, TypeDefinition type)
    {
        string name = reader.GetString(type.Name);
        TypeDefinitionHandle outer = type.GetDeclaringType();
        if (!outer.IsNil)
        {
            return $"{NameOf(reader, reader.GetTypeDefinition(outer))}+{name}";
        }

        string space = reader.GetString(type.Namespace);
        return space.Length > 0 ? $"{space}.{name}" : name;
    }
}

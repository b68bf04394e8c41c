using System.Reflection;
using System.Reflection.Metadata;

namespace SyncStorage.Server.Planning;

/// <summary>A type of a built assembly.</summary>
internal readonly record struct AssemblyType(AssemblyModule Module, TypeDefinitionHandle Handle)
{
    public TypeDefinition Definition => Module.Reader.GetTypeDefinition(Handle);

    public string Name => Module.Reader.GetString(Definition.Name);

    /// <summary>Reflection name: nested types with +, generic ones with their number of parameters.</summary>
    public string FullName => Outer is { } outer ? $"{outer.FullName}+{Name}" : Namespace.Length > 0 ? $"{Namespace}.{Name}" : Name;

    public string Namespace => Module.Reader.GetString(Definition.Namespace);

    public AssemblyType? Outer => Definition.GetDeclaringType() is { IsNil: false } outer ? new AssemblyType(Module, outer) : null;

    /// <summary>Static classes, as F# modules are, have tests, too; abstract ones have not.</summary>
    public bool HasInstancesOrIsStatic
        => (Definition.Attributes & TypeAttributes.Interface) == 0
            && (Definition.Attributes & (TypeAttributes.Abstract | TypeAttributes.Sealed)) != TypeAttributes.Abstract;

    public bool IsGeneric => Definition.GetGenericParameters().Count > 0;

    public IEnumerable<AttributeUse> Attributes => AttributeUse.Of(Module, Definition.GetCustomAttributes());

    /// <summary>Itself and its base classes as far as they can be read, nearest first.</summary>
    public IReadOnlyList<AssemblyType> Line
    {
        get
        {
            var line = new List<AssemblyType> { this };
            while (line[^1].Base.Type is { } next && !line.Contains(next))
            {
                line.Add(next);
            }

            return line;
        }
    }

    public (string Name, AssemblyType? Type) Base => Definition.BaseType.IsNil ? ("", null) : Module.Resolve(Definition.BaseType);

    /// <summary>Whether it is that class, derives from it or implements it.</summary>
    public bool Is(string fullName)
    {
        foreach (AssemblyType type in Line)
        {
            if (type.FullName == fullName || type.Base.Name == fullName || type.Implements(fullName))
            {
                return true;
            }
        }

        return false;
    }

    private bool Implements(string fullName)
    {
        AssemblyModule module = Module;
        return Definition.GetInterfaceImplementations()
            .Select(handle => module.Resolve(module.Reader.GetInterfaceImplementation(handle).Interface))
            .Any(one => one.Name == fullName || (one.Type is { } type && type.Implements(fullName)));
    }
}

/// <summary>A method of a built assembly.</summary>
internal readonly record struct AssemblyMethod(AssemblyModule Module, MethodDefinitionHandle Handle)
{
    public MethodDefinition Definition => Module.Reader.GetMethodDefinition(Handle);

    public string Name => Module.Reader.GetString(Definition.Name);

    public IReadOnlyList<string> Parameters
    {
        get
        {
            MetadataReader reader = Module.Reader;
            return Definition.GetParameters().Select(reader.GetParameter).Where(parameter => parameter.SequenceNumber > 0)
                .OrderBy(parameter => parameter.SequenceNumber).Select(parameter => reader.GetString(parameter.Name)).ToList();
        }
    }

    public bool IsGeneric => Definition.GetGenericParameters().Count > 0;

    /// <summary>Replaces the base class's method of that name, whose attributes it inherits.</summary>
    public bool IsOverride => (Definition.Attributes & (MethodAttributes.Virtual | MethodAttributes.NewSlot)) == MethodAttributes.Virtual;

    public IEnumerable<AttributeUse> Attributes => AttributeUse.Of(Module, Definition.GetCustomAttributes());
}

/// <summary>An attribute where it is applied.</summary>
/// <param name="TypeName">Reflection name of its class.</param>
/// <param name="Type">Null when its assembly does not lie beside the test assembly.</param>
/// <param name="Arguments">Of its constructor; null when they cannot be read.</param>
/// <param name="Named">Properties and fields that it sets.</param>
internal sealed record AttributeUse(
    AssemblyModule Module, string TypeName, AssemblyType? Type, EntityHandle Constructor, IReadOnlyList<object?>? Arguments, IReadOnlyDictionary<string, object?> Named)
{
    private static readonly AttributeTypes Types = new();

    public bool Is(string fullName) => TypeName == fullName || (Type is { } type && type.Is(fullName));

    public string? NamedText(string name) => Named.GetValueOrDefault(name) as string;

    public static IEnumerable<AttributeUse> Of(AssemblyModule module, CustomAttributeHandleCollection handles)
        => handles.Select(handle => Read(module, module.Reader.GetCustomAttribute(handle)));

    private static AttributeUse Read(AssemblyModule module, CustomAttribute attribute)
    {
        EntityHandle declaring = attribute.Constructor.Kind == HandleKind.MethodDefinition
            ? module.Reader.GetMethodDefinition((MethodDefinitionHandle)attribute.Constructor).GetDeclaringType()
            : module.Reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent;
        (string name, AssemblyType? type) = module.Resolve(declaring);
        IReadOnlyList<object?>? arguments = null;
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        try
        {
            CustomAttributeValue<string> value = attribute.DecodeValue(Types);
            arguments = value.FixedArguments.Select(argument => Plain(argument.Type, argument.Value)).ToList();
            foreach (CustomAttributeNamedArgument<string> argument in value.NamedArguments)
            {
                named[argument.Name ?? ""] = Plain(argument.Type, argument.Value);
            }
        }
        catch (BadImageFormatException)
        {
            // An enum of another assembly whose size is not known.
        }

        return new AttributeUse(module, name, type, attribute.Constructor, arguments, named);
    }

    /// <summary>Texts, numbers and truth values as they are; types as <see cref="TypeName"/>; arrays as lists.</summary>
    private static object? Plain(string type, object? value) => value switch
    {
        System.Collections.Immutable.ImmutableArray<CustomAttributeTypedArgument<string>> list => list.IsDefault ? null : list.Select(one => Plain(one.Type, one.Value)).ToList(),
        string text when type == AttributeTypes.SystemType => new TypeName(text),
        _ => value,
    };
}

/// <summary>A typeof(...) in an attribute.</summary>
internal sealed record TypeName(string Text)
{
    /// <summary>Without namespace and assembly; null for a generic or nested one.</summary>
    public string? Simple
    {
        get
        {
            string name = Text.Split(',')[0];
            return name.AsSpan().IndexOfAny('`', '+', '[') >= 0 ? null : name[(name.LastIndexOf('.') + 1)..];
        }
    }
}

/// <summary>Types in attributes and signatures, as their names.</summary>
internal sealed class AttributeTypes : ICustomAttributeTypeProvider<string>, ISignatureTypeProvider<string, object?>
{
    public const string SystemType = "System.Type";

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();
    public string GetSystemType() => SystemType;
    public bool IsSystemType(string type) => type == SystemType;
    public string GetSZArrayType(string elementType) => elementType + "[]";
    public string GetTypeFromSerializedName(string name) => name;
    public PrimitiveTypeCode GetUnderlyingEnumType(string type) => PrimitiveTypeCode.Int32;
    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        => Join(reader.GetString(reader.GetTypeDefinition(handle).Namespace), reader.GetString(reader.GetTypeDefinition(handle).Name));
    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        => Join(reader.GetString(reader.GetTypeReference(handle).Namespace), reader.GetString(reader.GetTypeReference(handle).Name));
    public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) => "?";
    public string GetArrayType(string elementType, ArrayShape shape) => elementType + "[,]";
    public string GetByReferenceType(string elementType) => elementType + "&";
    public string GetFunctionPointerType(MethodSignature<string> signature) => "*()";
    public string GetGenericInstantiation(string genericType, System.Collections.Immutable.ImmutableArray<string> typeArguments) => $"{genericType}<{string.Join(',', typeArguments)}>";
    public string GetGenericMethodParameter(object? genericContext, int index) => "!!" + index;
    public string GetGenericTypeParameter(object? genericContext, int index) => "!" + index;
    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;
    public string GetPinnedType(string elementType) => elementType;
    public string GetPointerType(string elementType) => elementType + "*";

    private static string Join(string space, string name) => space.Length > 0 ? $"{space}.{name}" : name;
}

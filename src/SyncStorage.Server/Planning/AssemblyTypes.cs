using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace SyncStorage.Server.Planning;

/// <summary>
/// A built assembly and those that lie beside it, read as data: no code of them is loaded. Types of the runtime itself do not lie there and stay unknown.
/// </summary>
internal sealed class AssemblyTypes : IDisposable
{
    private readonly string _folder;
    private readonly Dictionary<string, AssemblyModule?> _modules = new(StringComparer.OrdinalIgnoreCase);

    /// <exception cref="IOException">It is not there.</exception>
    /// <exception cref="BadImageFormatException">It is no .NET assembly.</exception>
    public AssemblyTypes(string path)
    {
        _folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Main = new AssemblyModule(this, path);
        _modules[Path.GetFileNameWithoutExtension(path)] = Main;
    }

    public AssemblyModule Main { get; }

    /// <summary>Null when it is not beside the test assembly, or cannot be read.</summary>
    public AssemblyModule? Find(string assemblyName)
    {
        if (!_modules.TryGetValue(assemblyName, out AssemblyModule? module))
        {
            _modules[assemblyName] = module = Open(assemblyName);
        }

        return module;
    }

    /// <summary>A text file beside the assembly; null when there is none.</summary>
    public string? ReadBeside(string file)
    {
        string path = Path.Combine(_folder, file);
        return File.Exists(path) ? File.ReadAllText(path) : null;
    }

    public void Dispose()
    {
        foreach (AssemblyModule? module in _modules.Values)
        {
            module?.Dispose();
        }
    }

    private AssemblyModule? Open(string assemblyName)
    {
        // A name from metadata is only ever a file beside the assembly.
        if (assemblyName.AsSpan().IndexOfAny(Path.GetInvalidFileNameChars()) >= 0)
        {
            return null;
        }

        foreach (string extension in new[] { ".dll", ".exe" })
        {
            string path = Path.Combine(_folder, assemblyName + extension);
            try
            {
                if (File.Exists(path))
                {
                    return new AssemblyModule(this, path);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or BadImageFormatException)
            {
                // A native file of that name: what stands in it is as unknown as the runtime's own types.
            }
        }

        return null;
    }
}

/// <summary>One file of them.</summary>
internal sealed class AssemblyModule : IDisposable
{
    private readonly PEReader _image;
    private readonly Lazy<Dictionary<string, TypeDefinitionHandle>> _byName;
    private readonly Lazy<string[]> _texts;

    public AssemblyModule(AssemblyTypes assemblies, string path)
    {
        Assemblies = assemblies;
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        _image = new PEReader(file, PEStreamOptions.PrefetchEntireImage);
        if (!_image.HasMetadata)
        {
            _image.Dispose();
            throw new BadImageFormatException($"{path} is no .NET assembly.");
        }

        Reader = _image.GetMetadataReader();
        Name = Path.GetFileNameWithoutExtension(path);
        _byName = new Lazy<Dictionary<string, TypeDefinitionHandle>>(IndexTypes);
        _texts = new Lazy<string[]>(ReadTexts);
    }

    public AssemblyTypes Assemblies { get; }
    public MetadataReader Reader { get; }
    public string Name { get; }

    public IEnumerable<AssemblyType> Types => Reader.TypeDefinitions.Select(handle => new AssemblyType(this, handle));

    /// <summary>Whether some code of it has this text: what never mentions a name cannot bring it about at run time.</summary>
    public bool Mentions(string text) => _texts.Value.Any(one => one.Contains(text, StringComparison.OrdinalIgnoreCase));

    public byte[] ReadCode(MethodDefinition method)
        => method.RelativeVirtualAddress == 0 ? [] : _image.GetMethodBody(method.RelativeVirtualAddress).GetILBytes() ?? [];

    /// <summary>A type by its reflection name.</summary>
    public AssemblyType? FindType(string fullName)
        => _byName.Value.TryGetValue(fullName, out TypeDefinitionHandle handle) ? new AssemblyType(this, handle) : null;

    /// <returns>Name always, definition where it lies beside the assembly.</returns>
    public (string Name, AssemblyType? Type) Resolve(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                var type = new AssemblyType(this, (TypeDefinitionHandle)handle);
                return (type.FullName, type);
            case HandleKind.TypeReference:
                return Resolve(Reader.GetTypeReference((TypeReferenceHandle)handle));
            case HandleKind.TypeSpecification:
                return ResolveGeneric(Reader.GetBlobReader(Reader.GetTypeSpecification((TypeSpecificationHandle)handle).Signature));
            default:
                return ("", null);
        }
    }

    public void Dispose() => _image.Dispose();

    private (string Name, AssemblyType? Type) Resolve(TypeReference reference)
    {
        string name = Reader.GetString(reference.Name);
        string space = Reader.GetString(reference.Namespace);
        name = space.Length > 0 ? $"{space}.{name}" : name;
        switch (reference.ResolutionScope.Kind)
        {
            case HandleKind.TypeReference:
                (string outer, AssemblyType? outerType) = Resolve(Reader.GetTypeReference((TypeReferenceHandle)reference.ResolutionScope));
                name = $"{outer}+{name}";
                return (name, outerType?.Module.FindType(name));
            case HandleKind.AssemblyReference:
                string assembly = Reader.GetString(Reader.GetAssemblyReference((AssemblyReferenceHandle)reference.ResolutionScope).Name);
                return (name, Assemblies.Find(assembly)?.FindTypeOrForwarded(name));
            default:
                return (name, FindType(name));
        }
    }

    private AssemblyType? FindTypeOrForwarded(string fullName)
    {
        if (FindType(fullName) is { } own)
        {
            return own;
        }

        foreach (ExportedTypeHandle handle in Reader.ExportedTypes)
        {
            ExportedType exported = Reader.GetExportedType(handle);
            if (exported.Implementation.Kind == HandleKind.AssemblyReference && $"{Reader.GetString(exported.Namespace)}.{Reader.GetString(exported.Name)}" == fullName)
            {
                return Assemblies.Find(Reader.GetString(Reader.GetAssemblyReference((AssemblyReferenceHandle)exported.Implementation).Name))?.FindType(fullName);
            }
        }

        return null;
    }

    private (string Name, AssemblyType? Type) ResolveGeneric(BlobReader signature)
    {
        // ECMA-335 II.23.2.14: GENERICINST (CLASS | VALUETYPE) TypeDefOrRefOrSpecEncoded GenArgCount Type...
        const byte genericInstance = 0x15;
        if (signature.ReadByte() != genericInstance)
        {
            return ("", null);
        }

        signature.ReadByte();
        return Resolve(signature.ReadTypeHandle());
    }

    private Dictionary<string, TypeDefinitionHandle> IndexTypes()
    {
        var index = new Dictionary<string, TypeDefinitionHandle>(StringComparer.Ordinal);
        foreach (TypeDefinitionHandle handle in Reader.TypeDefinitions)
        {
            index.TryAdd(new AssemblyType(this, handle).FullName, handle);
        }

        return index;
    }

    private string[] ReadTexts()
    {
        var texts = new List<string>();
        for (UserStringHandle handle = Reader.GetNextHandle(default(UserStringHandle)); !handle.IsNil; handle = Reader.GetNextHandle(handle))
        {
            texts.Add(Reader.GetUserString(handle));
        }

        return [.. texts];
    }
}

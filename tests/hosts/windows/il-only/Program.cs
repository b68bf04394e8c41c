// il-only FROM TO REFERENCES...: copies a folder. Assemblies that were precompiled (ReadyToRun) for Linux become plain IL on the way: the runtime for Windows
// refuses the others, and apart from them the SDK is the same for every system.
using Mono.Cecil;

string from = Path.GetFullPath(args[0]);
string to = Path.GetFullPath(args[1]);
var failures = new System.Collections.Concurrent.ConcurrentBag<string>();
Parallel.ForEach(Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories), path =>
{
    string target = Path.Combine(to, Path.GetRelativePath(from, path));
    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
    try
    {
        if (IsPrecompiledForLinux(path))
        {
            WriteAsIntermediateLanguage(path, target);
        }
        else
        {
            File.Copy(path, target, overwrite: true);
        }
    }
    catch (Exception e)
    {
        failures.Add($"{path}: {e.Message}");
    }
});
foreach (string failure in failures)
{
    Console.Error.WriteLine(failure);
}

return failures.IsEmpty ? 0 : 1;

void WriteAsIntermediateLanguage(string path, string target)
{
    using var resolver = new DefaultAssemblyResolver();
    foreach (string folder in args.Skip(2).Prepend(from).Prepend(Path.GetDirectoryName(path)!))
    {
        resolver.AddSearchDirectory(folder);
    }

    using ModuleDefinition module = ModuleDefinition.ReadModule(path, new ReaderParameters { AssemblyResolver = resolver });
    const ModuleAttributes precompiled = (ModuleAttributes)4;
    module.Attributes = (module.Attributes & ~precompiled) | ModuleAttributes.ILOnly;
    module.Architecture = TargetArchitecture.I386; // stands for any processor when the code is IL alone
    module.Characteristics |= ModuleCharacteristics.NoSEH;
    module.Write(target);
}

static bool IsPrecompiledForLinux(string path)
{
    const ushort mz = 0x5A4D, amd64 = 0x8664, linux = 0x7B79;
    if (!path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
    {
        return false;
    }

    using FileStream file = File.OpenRead(path);
    using var reader = new BinaryReader(file);
    if (file.Length < 0x100 || reader.ReadUInt16() != mz)
    {
        return false;
    }

    file.Position = 0x3c;
    file.Position = reader.ReadInt32() + 4;
    // The machine of precompiled code says for which system it was compiled.
    return reader.ReadUInt16() == (amd64 ^ linux);
}

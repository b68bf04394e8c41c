using System.Buffers.Binary;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace SyncStorage.Server.Planning;

/// <summary>
/// What an attribute of a user's own hands to its base class, as in <c>class JiraAttribute(string key) : TestPropertyAttribute("ExternalId", key)</c>:
/// read from the few instructions that stand before that call.
/// </summary>
internal static class BaseCall
{
    /// <summary>A value that only running the code would tell.</summary>
    public static readonly object Unknown = new();

    private static readonly AttributeTypes Types = new();

    /// <returns>Null when it cannot be read.</returns>
    public static (AssemblyType Base, AssemblyMethod Constructor, IReadOnlyList<object?> Arguments)? Read(AssemblyMethod constructor, IReadOnlyList<object?> arguments)
    {
        AssemblyModule module = constructor.Module;
        var type = new AssemblyType(module, constructor.Definition.GetDeclaringType());
        byte[] code = module.ReadCode(constructor.Definition);
        var stack = new Stack<object?>();
        object self = new();
        for (int at = 0; at < code.Length;)
        {
            byte instruction = code[at++];
            switch (instruction)
            {
                case 0x00 or 0x8C: // nop, box
                    at += instruction == 0x8C ? 4 : 0;
                    break;
                case 0x02: // ldarg.0
                    stack.Push(self);
                    break;
                case 0x03 or 0x04 or 0x05: // ldarg.1 to 3
                    stack.Push(arguments.ElementAtOrDefault(instruction - 0x03));
                    break;
                case 0x0E: // ldarg.s
                    stack.Push(arguments.ElementAtOrDefault(code[at++] - 1));
                    break;
                case 0x14: // ldnull
                    stack.Push(null);
                    break;
                case >= 0x15 and <= 0x1E: // ldc.i4.m1 to 8
                    stack.Push(instruction - 0x16);
                    break;
                case 0x1F: // ldc.i4.s
                    stack.Push((int)(sbyte)code[at++]);
                    break;
                case 0x20: // ldc.i4
                    stack.Push(BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at)));
                    at += 4;
                    break;
                case 0x72: // ldstr
                    stack.Push(module.Reader.GetUserString((UserStringHandle)MetadataTokens.Handle(BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at)))));
                    at += 4;
                    break;
                case 0x7D when stack.Count >= 2: // stfld
                    stack.Pop();
                    stack.Pop();
                    at += 4;
                    break;
                case 0x28 or 0x6F or 0x73: // call, callvirt, newobj
                    EntityHandle called = (EntityHandle)MetadataTokens.Handle(BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at)));
                    at += 4;
                    if (SignatureOf(module, called) is not { } signature || stack.Count < signature.ParameterTypes.Length)
                    {
                        return null;
                    }

                    object?[] given = new object?[signature.ParameterTypes.Length];
                    for (int i = given.Length - 1; i >= 0; i--)
                    {
                        given[i] = stack.Pop();
                    }

                    if (instruction != 0x73 && signature.Header.IsInstance && (!stack.TryPop(out object? target) || (target == self && NameOf(module, called) == ".ctor")))
                    {
                        return Find(module, called) is { } found && found.Type != type ? (found.Type, found.Constructor, given) : null;
                    }

                    if (instruction == 0x73 || signature.ReturnType != nameof(PrimitiveTypeCode.Void))
                    {
                        stack.Push(Unknown);
                    }

                    break;
                default:
                    return null;
            }
        }

        return null;
    }

    /// <summary>The constructor that is called, where its class lies beside the assembly.</summary>
    public static (AssemblyType Type, AssemblyMethod Constructor)? Find(AssemblyModule module, EntityHandle constructor)
    {
        if (constructor.Kind == HandleKind.MethodDefinition)
        {
            var own = new AssemblyMethod(module, (MethodDefinitionHandle)constructor);
            return (new AssemblyType(module, own.Definition.GetDeclaringType()), own);
        }

        if (constructor.Kind != HandleKind.MemberReference || module.Resolve(module.Reader.GetMemberReference((MemberReferenceHandle)constructor).Parent).Type is not { } type)
        {
            return null;
        }

        MethodSignature<string> wanted = module.Reader.GetMemberReference((MemberReferenceHandle)constructor).DecodeMethodSignature(Types, null);
        foreach (MethodDefinitionHandle handle in type.Definition.GetMethods())
        {
            var method = new AssemblyMethod(type.Module, handle);
            if (method.Name == ".ctor" && method.Definition.DecodeSignature(Types, null).ParameterTypes.SequenceEqual(wanted.ParameterTypes))
            {
                return (type, method);
            }
        }

        return null;
    }

    private static MethodSignature<string>? SignatureOf(AssemblyModule module, EntityHandle method) => method.Kind switch
    {
        HandleKind.MethodDefinition => module.Reader.GetMethodDefinition((MethodDefinitionHandle)method).DecodeSignature(Types, null),
        HandleKind.MemberReference => module.Reader.GetMemberReference((MemberReferenceHandle)method).DecodeMethodSignature(Types, null),
        HandleKind.MethodSpecification => SignatureOf(module, module.Reader.GetMethodSpecification((MethodSpecificationHandle)method).Method),
        _ => null,
    };

    private static string NameOf(AssemblyModule module, EntityHandle method) => method.Kind switch
    {
        HandleKind.MethodDefinition => module.Reader.GetString(module.Reader.GetMethodDefinition((MethodDefinitionHandle)method).Name),
        HandleKind.MemberReference => module.Reader.GetString(module.Reader.GetMemberReference((MemberReferenceHandle)method).Name),
        _ => "",
    };
}

// What the C# compiler expects of the runtime for records with init, and netstandard2.0 does not have.
namespace System.Runtime.CompilerServices;

internal static class IsExternalInit;

using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SyncStorage.Build.EndToEnd.Fixture;

public static class ExternalIds
{
    /// <summary>As the official adapters for MSTest and NUnit make it, written again: the product must agree with this.</summary>
    public static string OfMethod(string fullyQualifiedName)
        => BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(fullyQualifiedName))).ToString(CultureInfo.InvariantCulture);
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SyncStorage.Server.TestIt;

/// <summary>128 bits that stand for texts: 100 000 results are told apart without keeping their names in memory.</summary>
internal static class Fingerprint
{
    public static UInt128 Of(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (string part in parts)
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
            hash.AppendData(length);
            hash.AppendData(Encoding.UTF8.GetBytes(part));
        }

        Span<byte> digest = stackalloc byte[32];
        hash.GetHashAndReset(digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }

    /// <summary>What must be unique among the rows of a run.</summary>
    public static UInt128 OfRow(string externalId, IEnumerable<KeyValuePair<string, string>> parameters)
        => Of([externalId, .. parameters.OrderBy(p => p.Key, StringComparer.Ordinal).SelectMany(p => new[] { p.Key, p.Value })]);
}

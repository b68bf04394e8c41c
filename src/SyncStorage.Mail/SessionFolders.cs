using System.Security.Cryptography;
using System.Text;

namespace SyncStorage.Sessions;

/// <summary>Where sessions lie: a private folder of this user, one subfolder a session, named by its key.</summary>
internal static class SessionFolders
{
    public static string Root => Path.Combine(Path.GetTempPath(), "SyncStorage-" + Environment.UserName);

    /// <param name="key">The same text in every process that is to meet there, and in no other.</param>
    public static string Of(string key)
    {
        CreatePrivate(Root);
        return Path.Combine(Root, Hash(key));
    }

    /// <exception cref="UnauthorizedAccessException">Others could read the secret and the server's address there.</exception>
    public static void CreatePrivate(string directory)
    {
        if (!OwnerOnly.CreateDirectory(directory))
        {
            throw new UnauthorizedAccessException($"'{directory}' cannot be made private to its owner; choose another temporary folder.");
        }
    }

    /// <summary>Sixteen characters that may stand in a file's name.</summary>
    public static string Hash(string text)
    {
        using var sha = SHA256.Create();
        return BitConverter.ToString(sha.ComputeHash(Encoding.UTF8.GetBytes(text)), 0, 8).Replace("-", "").ToLowerInvariant();
    }
}

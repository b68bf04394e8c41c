using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SyncStorage.Sessions;

/// <summary>
/// Where sessions lie: a private folder of this user, one subfolder a session, named by its key. Whoever can write there decides where the token
/// goes, so it counts only if it is proved ours, and all processes of a user have to come to the same one by themselves: MSBuild's nodes are
/// started before there is anything to tell them.
/// </summary>
internal static class SessionFolders
{
    // What another account can make, it can make often; but a folder of ours that is there once is found for ever.
    private const int MostNumbers = 100;

    /// <exception cref="UnauthorizedAccessException">There is no place for it.</exception>
    public static string Root
    {
        get
        {
            List<string> candidates = Candidates().ToList();
            // One that is there first: what kept us from another need not be there any more.
            return candidates.Find(OwnerOnly.IsPrivate) ?? candidates.Find(CanCreate) ?? throw new UnauthorizedAccessException(
                $"No folder that only its owner can enter can be made below '{Path.GetTempPath()}', XDG_RUNTIME_DIR or the home directory; set TMPDIR to a folder of your own.");
        }
    }

    public static string Of(string key) => Path.Combine(Root, Hash(key));

    /// <exception cref="UnauthorizedAccessException">Others could read the secret and the server's address there, or write them.</exception>
    public static void CreatePrivate(string directory)
    {
        if (!OwnerOnly.CreateDirectory(directory) || !OwnerOnly.IsPrivate(directory))
        {
            throw new UnauthorizedAccessException($"'{directory}' is not private to its owner; choose another temporary folder.");
        }
    }

    /// <summary>Sixteen characters that may stand in a file's name.</summary>
    public static string Hash(string text)
    {
        using var sha = SHA256.Create();
        return BitConverter.ToString(sha.ComputeHash(Encoding.UTF8.GetBytes(text)), 0, 8).Replace("-", "").ToLowerInvariant();
    }

    private static IEnumerable<string> Candidates()
    {
        // A user id need not have a name, as in many containers: two of them must not meet.
        string name = "SyncStorage-" + (Environment.UserName is { Length: > 0 } user ? user : UnixFile.UserId.ToString(CultureInfo.InvariantCulture));
        string temporary = Path.Combine(Path.GetTempPath(), name);
        return new[] { temporary, Path.Combine(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "", name) }
            .Concat(Enumerable.Range(2, MostNumbers - 1).Select(number => string.Format(CultureInfo.InvariantCulture, "{0}-{1}", temporary, number)))
            .Append(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), name))
            // Where others could put something else in the place of ours, it would be of no use that it was ours when we looked.
            .Where(path => Path.IsPathRooted(path) && (!UnixFile.IsSupported || UnixFile.At(Path.GetDirectoryName(path)!) is null or { KeepsOurs: true }));
    }

    private static bool CanCreate(string root)
    {
        try
        {
            return OwnerOnly.CreateDirectory(root) && OwnerOnly.IsPrivate(root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another account's file of that name, or nothing can be made there: the next place, and in the end a message that names them all.
            return false;
        }
    }
}

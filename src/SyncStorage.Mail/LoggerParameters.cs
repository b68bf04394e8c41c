using System.Text;

namespace SyncStorage.Mail;

/// <summary>
/// What MSBuild hands to VSTest for the logger: Name;Key=Value;Key=Value, and no way to escape anything. So the one path among the values,
/// which is a user's, is written in hexadecimal, in characters that mean nothing anywhere.
/// </summary>
internal static class LoggerParameters
{
    public const string FriendlyName = "SyncStorage";

    /// <summary>Folder of the session; absent where no MSBuild target ran.</summary>
    public const string Session = "Session";

    /// <summary>Pid of the worker in that session.</summary>
    public const string Worker = "Worker";

    public static string ToText(string session, string worker) => $"{FriendlyName};{Session}={Encode(session)};{Worker}={worker}";

    public static string Encode(string session) => BitConverter.ToString(Encoding.UTF8.GetBytes(session)).Replace("-", "");

    /// <returns>Null when there is none.</returns>
    public static string? SessionIn(IReadOnlyDictionary<string, string> values)
    {
        if (!values.TryGetValue(Session, out string? encoded) || encoded.Length % 2 != 0 || !encoded.All(Uri.IsHexDigit))
        {
            return encoded;
        }

        byte[] path = Enumerable.Range(0, encoded.Length / 2).Select(i => (byte)((Uri.FromHex(encoded[2 * i]) << 4) | Uri.FromHex(encoded[(2 * i) + 1]))).ToArray();
        return Encoding.UTF8.GetString(path);
    }
}

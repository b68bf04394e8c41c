namespace SyncStorage.Server;

/// <summary>A request that is not granted: becomes an HTTP status with a message that names what is wrong.</summary>
internal sealed class Refusal(int status, string message) : Exception(message)
{
    public int Status => status;

    public static Refusal BadRequest(string message) => new(400, message);
    public static Refusal Forbidden(string message) => new(403, message);
    public static Refusal NotFound(string message) => new(404, message);
    public static Refusal Conflict(string message) => new(409, message);

    /// <summary>A bound is reached; the answer says when to come again.</summary>
    public static Refusal TooMany(string message) => new(429, message);
}

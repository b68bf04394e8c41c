namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>Categories of the tests that prove a line of the README's "What we promise"; the table there counts by them.</summary>
public static class Promise
{
    public const string SameExitCode = "Promise: same exit code";
    public const string BoundedTime = "Promise: bounded time";
    public const string NothingLost = "Promise: nothing lost, nothing doubled";
    public const string OneOfEach = "Promise: one master, one held result";
    public const string NothingLeft = "Promise: nothing left behind";
    public const string Secrets = "Promise: secrets";
    public const string StrangeInput = "Promise: strange input";
}

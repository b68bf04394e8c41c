using System.Globalization;

namespace SyncStorage.Build;

/// <summary>One call of <c>dotnet test</c>, as every project, target framework and node of it sees it.</summary>
/// <param name="Key">Equal in all of them and different from every other call's.</param>
/// <param name="ProcessId">The process that was called; null when unknown.</param>
internal sealed record Invocation(string Key, int? ProcessId)
{
    /// <param name="correlationId">Empty under `dotnet msbuild -t:VSTest` and with VSTEST_DISABLE_ARTIFACTS_POSTPROCESSING=1.</param>
    /// <param name="startupDirectory">Then the next best: calls in one folder, at one time, share a run.</param>
    public static Invocation Of(string correlationId, string startupDirectory)
    {
        if (correlationId.Length == 0)
        {
            return new Invocation("directory " + startupDirectory, null);
        }

        // <pid>_<guid>: see VSTestSessionCorrelationId in the SDK.
        string first = correlationId.Substring(0, Math.Max(0, correlationId.IndexOf('_')));
        bool known = int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int pid);
        return new Invocation("correlation " + correlationId, known ? pid : null);
    }
}

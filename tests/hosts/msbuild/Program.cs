// Builds hosted.proj, which imports the packed targets from the folder in the first argument, with the MSBuild that this program references.
// Prints which MSBuild that is, the result, and what VSTest would be called with.
using System.Reflection;
using Microsoft.Build.Evaluation;
using Microsoft.Build.Execution;
using Microsoft.Build.Framework;
using Microsoft.Build.Logging;

Assembly engine = typeof(ProjectCollection).Assembly;
Console.WriteLine($"MSBuild {engine.GetName().Version} {engine.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion} on {Environment.Version}");
var properties = new Dictionary<string, string?>
{
    ["PackageRoot"] = args[0],
    ["BundledNETCoreAppTargetFrameworkVersion"] = "8.0", // as SDK 8 says of itself
    ["SyncStorageEnabled"] = "true",
    ["SyncStoragePort"] = "0",
    ["VSTestSessionCorrelationId"] = $"{Environment.ProcessId}_{Guid.NewGuid()}",
};
var parameters = new BuildParameters(new ProjectCollection(properties)) { Loggers = [new ConsoleLogger(LoggerVerbosity.Normal)], EnableNodeReuse = false };
var request = new BuildRequestData(Path.GetFullPath("hosted.proj"), properties, null, ["VSTest"], null, BuildRequestDataFlags.ProvideProjectStateAfterBuild);
BuildResult result = BuildManager.DefaultBuildManager.Build(parameters, request);

Console.WriteLine(result.OverallResult);
foreach ((string shown, string property) in new[] { ("logger", "VSTestLogger"), ("settings", "RunSettingsFilePath"), ("adapters", "VSTestTestAdapterPath"), ("tasks", "_SyncStorageTasks") })
{
    Console.WriteLine($"{shown} = {result.ProjectStateAfterBuild?.GetPropertyValue(property)}");
}

return result.OverallResult == BuildResultCode.Success ? 0 : 1;
